"""What happened between two looks at a sidecar: counts become rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sidecar.admin import answers as a
from sidecar.commands.wording import quantile


@dataclass(frozen=True, slots=True)
class RouteRates:
    """A route, each second."""

    route: a.RouteAnswer
    requests: float
    by_status: dict[str, float]
    refused: float
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class RuleRates:
    """A rule in the mode that is in force, each second."""

    rule: a.RuleAnswer
    admitted: float
    refused: float
    parked: float
    applied: float


@dataclass(frozen=True, slots=True)
class EndpointRates:
    """An endpoint, each second."""

    upstream: str
    endpoint: a.EndpointAnswer
    attempts: float
    failures: float
    p99: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """All of it, between two looks."""

    now: a.Overview
    cpu_share: float
    lag_p99: float | None
    routes: list[RouteRates] = field(default_factory=list)
    rules: list[RuleRates] = field(default_factory=list)
    endpoints: list[EndpointRates] = field(default_factory=list)

    @property
    def requests(self) -> float:
        """All requests a second."""
        return sum(one.requests for one in self.routes)


def rates_between(before: a.Overview, now: a.Overview) -> Rates:
    """The rates; a process that has begun anew since ``before`` is counted from its start."""
    if now.status.host.pid != before.status.host.pid:
        before = now
    seconds = max(now.clock - before.clock, 1e-9)
    host, past = now.status.host, before.status.host
    lag = _less(host.loop_lag.counts, past.loop_lag.counts)
    return Rates(
        now,
        (host.cpu_seconds - past.cpu_seconds) / seconds,
        quantile(lag, host.loop_lag.bounds, 0.99),
        _routes(before, now, seconds),
        _rules(before, now, seconds),
        _endpoints(before, now, seconds),
    )


def _routes(before: a.Overview, now: a.Overview, seconds: float) -> list[RouteRates]:
    known = {(one.listener, one.name): one for one in before.routes}
    found = []
    for route in now.routes:
        past = known.get((route.listener, route.name))
        counts = _less(route.durations.counts, past.durations.counts if past else ())
        statuses = past.by_status if past else {}
        found.append(
            RouteRates(
                route,
                (route.requests - (past.requests if past else 0)) / seconds,
                {
                    name: (count - statuses.get(name, 0)) / seconds
                    for name, count in route.by_status.items()
                },
                (route.refused - (past.refused if past else 0)) / seconds,
                quantile(counts, route.durations.bounds, 0.5),
                quantile(counts, route.durations.bounds, 0.99),
            )
        )
    return found


def _rules(before: a.Overview, now: a.Overview, seconds: float) -> list[RuleRates]:
    known = {
        (rule.kind, rule.name, counts.mode): counts
        for rule in before.rules
        for counts in rule.counts
    }
    zero = a.RuleCounts(mode="", admitted=0, refused=0, parked=0, applied=0)
    found = []
    for rule in now.rules:
        counts = next((one for one in rule.counts if one.mode == rule.mode), zero)
        past = known.get((rule.kind, rule.name, rule.mode), zero)
        found.append(
            RuleRates(
                rule,
                (counts.admitted - past.admitted) / seconds,
                (counts.refused - past.refused) / seconds,
                (counts.parked - past.parked) / seconds,
                (counts.applied - past.applied) / seconds,
            )
        )
    return found


def _endpoints(before: a.Overview, now: a.Overview, seconds: float) -> list[EndpointRates]:
    known = {
        (upstream.name, one.address): one
        for upstream in before.upstreams
        for one in upstream.endpoints
    }
    found = []
    for upstream in now.upstreams:
        for one in upstream.endpoints:
            past = known.get((upstream.name, one.address))
            counts = _less(one.durations.counts, past.durations.counts if past else ())
            found.append(
                EndpointRates(
                    upstream.name,
                    one,
                    (one.attempts - (past.attempts if past else 0)) / seconds,
                    (one.failures - (past.failures if past else 0)) / seconds,
                    quantile(counts, one.durations.bounds, 0.99),
                )
            )
    return found


def _less(counts: Sequence[int], past: Sequence[int]) -> list[int]:
    if not past:
        return list(counts)
    return [one - other for one, other in zip(counts, past, strict=True)]
