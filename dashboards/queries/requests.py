"""What clients got: how many answers, how many errors among them, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry.promql import (
    Scope,
    Selector,
    filled,
    highest,
    now,
    quantile,
    rate,
    share,
    some,
    total,
)

#: What comes to the service; what the service itself calls is the upstreams' business.
INBOUND: Final = "inbound"


def _ended(scope: Scope, suffix: str = "_count", **labels: str) -> Selector:
    return scope(c.SERVER_DURATION, suffix, listener=INBOUND, **labels)


def requests(scope: Scope, by: Sequence[str] = ()) -> str:
    """Requests a second that have ended."""
    return total(rate(_ended(scope), WINDOW), by)


def errors(scope: Scope, by: Sequence[str] = ()) -> str:
    """Errors a second: a 5xx, or an answer that broke off. A 4xx is none, ours neither."""
    return filled(total(rate(_ended(scope, error_type="!="), WINDOW), by), requests(scope, by))


def error_share(scope: Scope, by: Sequence[str] = ()) -> str:
    """Errors of all requests, 0 to 1."""
    return share(errors(scope, by), requests(scope, by))


def errors_by_type(scope: Scope, by: Sequence[str] = ()) -> str:
    """Errors a second by the reason that the sidecar has for them, else by their status."""
    return total(rate(_ended(scope, error_type="!="), WINDOW), (*by, "error_type"))


def answers_by_status(scope: Scope, by: Sequence[str] = ()) -> str:
    """Requests a second by the status that clients got."""
    return total(rate(_ended(scope), WINDOW), (*by, "http_response_status_code"))


def duration(below: float, scope: Scope, by: Sequence[str] = ()) -> str:
    """How long so large a share of the requests took at most, in seconds."""
    return quantile(below, _ended(scope, "_bucket"), WINDOW, by)


def slowest(below: float, scope: Scope, by: Sequence[str]) -> str:
    """The same of the slowest among those that ``by`` tells apart."""
    return highest(duration(below, scope, by))


def mean_duration(scope: Scope, by: Sequence[str] = ()) -> str:
    """How long a request took on average, in seconds."""
    return share(total(rate(_ended(scope, "_sum"), WINDOW), by), requests(scope, by))


def buckets(scope: Scope) -> str:
    """Requests a second in each bucket of how long they took."""
    return total(rate(_ended(scope, "_bucket"), WINDOW), ("le",))


def in_flight(scope: Scope, by: Sequence[str] = ()) -> str:
    """Requests that are being served."""
    return total(now(scope(c.REQUESTS_IN_FLIGHT, listener=INBOUND)), by)


def unreadable(scope: Scope, by: Sequence[str] = ()) -> str:
    """Requests a second that could not be read, or not in time, by reason."""
    return some(total(rate(scope(c.REJECTED), WINDOW), (*by, "reason")))


def without_their_deadline(scope: Scope, by: Sequence[str] = ()) -> str:
    """Requests a second whose deadline could not be read, and that were served without it."""
    return total(rate(scope(c.DEADLINES_IGNORED), WINDOW), by)
