"""Those that are called: how they answer, which of them get requests, and what their pools do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.promql import (
    Scope,
    filled,
    lowest,
    now,
    quantile,
    rate,
    share,
    some,
    total,
)

#: Those of one name.
UPSTREAM: Final = ("service", "upstream")
#: One address of them.
ENDPOINT: Final = (*UPSTREAM, "server_address", "server_port")
#: Neither what went well nor what was the caller's own mistake.
_FAILED: Final = "!~|4.."


def attempts(scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """Attempts a second that have ended."""
    return total(rate(scope(c.CLIENT_DURATION, "_count"), WINDOW), by)


def failures(scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """Attempts a second that failed: no answer, or a 5xx. A 4xx is the caller's own mistake."""
    failed = scope(c.CLIENT_DURATION, "_count", error_type=_FAILED)
    return filled(total(rate(failed, WINDOW), by), attempts(scope, by))


def failure_share(scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """Of all attempts, 0 to 1."""
    return share(failures(scope, by), attempts(scope, by))


def failures_by_type(scope: Scope) -> str:
    """Failed attempts a second by reason, else by status."""
    failed = scope(c.CLIENT_DURATION, "_count", error_type=_FAILED)
    return total(rate(failed, WINDOW), (*UPSTREAM, "error_type"))


def duration(below: float, scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """How long so large a share of the attempts took at most, in seconds."""
    return quantile(below, scope(c.CLIENT_DURATION, "_bucket"), WINDOW, by)


def is_up(scope: Scope) -> str:
    """1 for an endpoint that gets requests from all instances, 0 for one that does not."""
    return lowest(now(scope(c.UPSTREAM_UP)), ENDPOINT)


def counted(metric: Metric, scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """How often a second something happens."""
    return total(rate(scope(metric), WINDOW), by)


def by_reason(metric: Metric, scope: Scope) -> str:
    """The same by reason, where there is any."""
    return some(counted(metric, scope, (*UPSTREAM, "reason")))


def summed(metric: Metric, scope: Scope, by: Sequence[str] = UPSTREAM) -> str:
    """How many there are now, in all instances."""
    return total(now(scope(metric)), by)


def failed_checks(scope: Scope) -> str:
    """Health checks a second that failed."""
    return total(rate(scope(c.UPSTREAM_CHECKS, result="failure"), WINDOW), ENDPOINT)


def failed_lookups(scope: Scope) -> str:
    """Look-ups of names a second that failed."""
    return total(rate(scope(c.UPSTREAM_LOOKUPS, result="failure"), WINDOW), UPSTREAM)
