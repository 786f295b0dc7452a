"""What clients got: how many, how many errors, how long it took, and how many objectives held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry.promql import Scope, quantile, rate, share, total

#: What comes to the service; what the service itself calls is the upstreams' business.
INBOUND: Final = {"listener": "inbound"}


def requests(scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """Requests a second that have ended."""
    return total(rate(scope(c.SERVER_DURATION, "_count", **INBOUND), window), by)


def errors(scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """Errors a second: a 5xx, or an answer that broke off. A 4xx is none, ours neither."""
    failed = scope(c.SERVER_DURATION, "_count", **INBOUND, error_type="!=")
    return total(rate(failed, window), by)


def error_share(scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """Of all requests, 0 to 1."""
    return share(errors(scope, by, window), requests(scope, by, window))


def duration(below: float, scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """How long so large a share of the requests took at most, in seconds."""
    return quantile(below, scope(c.SERVER_DURATION, "_bucket", **INBOUND), window, by)


def buckets(scope: Scope, window: str = WINDOW) -> str:
    """Requests a second in each bucket of how long they took."""
    return total(rate(scope(c.SERVER_DURATION, "_bucket", **INBOUND), window), ("le",))


def counted(scope: Scope, outcome: str, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """Requests a second that objectives count so: ``good``, ``bad``, ``shed``, or ``!=`` one."""
    return total(rate(scope(c.SLO_REQUESTS, outcome=outcome), window), by)


def good_share(scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """Of what was served, 0 to 1: what was shed is no part of it, see `shed_share`."""
    return share(counted(scope, "good", by, window), counted(scope, "!=shed", by, window))


def shed_share(scope: Scope, by: Sequence[str] = (), window: str = WINDOW) -> str:
    """What protection costs: requests that a rule turned away so that others are served, of all."""
    return share(counted(scope, "shed", by, window), counted(scope, "=~.+", by, window))
