"""Alerts about the sidecar itself: whether it is there, and what it has left."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_sidecars import SidecarAbsentSpec
from sidecar.telemetry.catalogue import BUILD
from sidecar.telemetry.promql import absent


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
