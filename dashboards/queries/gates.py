"""What rules of each kind show of themselves: what is left, who waits, and how breakers stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import rule_metrics as r
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.promql import Scope, highest, lowest, now, rate, share, some, total

#: Rules of one kind; a rule that changes its mode is told as another.
ONE: Final = ("service", "rule", "mode")


def summed(metric: Metric, scope: Scope, by: Sequence[str] = ONE) -> str:
    """How many there are now, in all instances."""
    return total(now(scope(metric)), by)


def largest(metric: Metric, scope: Scope, by: Sequence[str] = ONE) -> str:
    """What it is at the instance where it is largest."""
    return highest(now(scope(metric)), by)


def counted(metric: Metric, scope: Scope, by: Sequence[str] = ONE) -> str:
    """How often a second something happens."""
    return total(rate(scope(metric), WINDOW), by)


def happened(metric: Metric, scope: Scope, by: Sequence[str] = ONE) -> str:
    """The same where it happens at all."""
    return some(counted(metric, scope, by))


def retried_in_vain(scope: Scope) -> str:
    """The share of requests that were tried again and failed all the same."""
    failed = total(rate(scope(r.RETRY_RESULTS, result="failure"), WINDOW), ONE)
    return share(failed, total(rate(scope(r.RETRY_RESULTS), WINDOW), ONE))


def retries(scope: Scope) -> str:
    """Attempts a second that were repeated, by why the one before failed."""
    return some(total(rate(scope(c.UPSTREAM_RETRIES), WINDOW), ("service", "upstream", "reason")))


def time_to_probe(scope: Scope) -> str:
    """How long until the next request may try whether an upstream is well again, in seconds."""
    return some(lowest(now(scope(r.BREAKER_NEXT_PROBE)), ONE))
