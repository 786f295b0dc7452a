"""Alerts about whether the sidecar is there, and stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_sidecars import (
    InternalErrorsSpec,
    SidecarAbsentSpec,
    SidecarDownSpec,
    SidecarRestartsSpec,
)
from sidecar.telemetry.catalogue import BUILD, SERVER_DURATION
from sidecar.telemetry.host_metrics import PROCESS_START
from sidecar.telemetry.promql import absent, changes, highest, increase, now, over_time

#: How long a target that is down is remembered to have been a sidecar of this service, in seconds.
_REMEMBERED: Final = 86_400.0


@kind(
    SidecarAbsentSpec,
    "SidecarAbsent",
    why="nobody knows how the service is, and its requests may have no way in",
    first="See whether its processes run and `/livez` answers, then whether Prometheus scrapes "
    "them.",
)
def sidecar_absent(spec: SidecarAbsentSpec, site: Site) -> Iterator[Condition]:
    """One: no sidecar of the service is scraped. A target that is down tells nothing either."""
    summary = f"no sidecar of {site.file.service} tells anything"
    yield Condition(site.here, absent(site.scope(BUILD)), summary)


@kind(
    SidecarDownSpec,
    "SidecarDown",
    why="a part of the service's requests may have no way in",
    first="See whether the process runs and `/livez` answers.",
)
def sidecar_down(spec: SidecarDownSpec, site: Site) -> Iterator[Condition]:
    """One; the value is how many do not answer.

    ``up`` knows no service: which targets are meant is what they told when they still did. One
    that is taken out of what Prometheus scrapes is none of them any more.
    """
    known = over_time("last", site.scope(BUILD), site.profile.window(_REMEMBERED))
    expression = f"count(up == 0 and on (job, instance) {known}) > 0"
    summary = f"{{{{ $value }}}} sidecars of {site.file.service} do not answer"
    yield Condition(site.here, expression, summary)


@kind(
    SidecarRestartsSpec,
    "SidecarRestarts",
    why="each start begins with empty limits and caches, and loses what was running",
    first="Its log's last lines say why it ended; `dmesg` says whether it was killed for memory.",
    keep_seconds=300.0,
)
def sidecar_restarts(spec: SidecarRestartsSpec, site: Site) -> Iterator[Condition]:
    """One; the value is how often the worst has started again."""
    starts = highest(changes(site.scope(PROCESS_START), site.profile.window(spec.over)))
    summary = f"a sidecar of {site.file.service} has started again {{{{ $value }}}} times"
    yield Condition(site.here, f"{starts} > {spec.above}", summary)


@kind(
    InternalErrorsSpec,
    "SidecarInternalErrors",
    why="the sidecar itself has a bug, and requests were lost to it",
    first="The event sidecar.internal_error in the log has the traceback: report it.",
    keep_seconds=300.0,
)
def internal_errors(spec: InternalErrorsSpec, site: Site) -> Iterator[Condition]:
    """One; the first of them is seen, too, though its series begins with it.

    It has begun where the sidecar was there before it, or has started since: else Prometheus was
    away, and tells for new what it has known for long.
    """
    window = site.profile.window(spec.over)
    failed = site.scope(SERVER_DURATION, "_count", error_type="internal_error")
    there = f"{now(site.scope(BUILD))} offset {window}"
    started = f"{now(site.scope(PROCESS_START))} > time() - {site.profile.seconds(spec.over):g}"
    begun = f"{failed.text} unless {failed.text} offset {window}"
    begun = f"{begun} and on (job, instance) ({there} or {started})"
    summary = "a bug of the sidecar has failed {{ $value | humanize }} requests of "
    summary += site.file.service
    yield Condition(site.here, f"sum({increase(failed, window)} > 0 or ({begun})) > 0", summary)
