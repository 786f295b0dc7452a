"""Holds each request that came in against the objectives (`slo`) of its route once it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import CLIENT_GONE, CLIENT_STALLED, TURN_TIMEOUT

if TYPE_CHECKING:
    from sidecar.proxy.exchange import Exchange
    from sidecar.ruleset.routes import Objective

#: The kinds of rules that turn requests away so that others are served. Whom an access list or a
#: token keeps out, or a fault is put upon, is not shed.
_SHEDDING: Final = frozenset({"rate_limits", "overload", "concurrency", "breakers"})
#: Reasons that are the client's doing.
_OF_CLIENTS: Final = frozenset({CLIENT_GONE.reason, CLIENT_STALLED.reason})
_SWITCHING: Final = 101


def judge(exchange: Exchange, objectives: tuple[Objective, ...], seconds: float) -> None:
    """Count the request as good, bad or shed for each objective that it is in.

    Health probes are in none. A request that its client gave up, or broke, is neither good nor
    bad: nobody knows how it would have ended. An answer that broke off is bad whatever its
    status. An upgrade has no duration: it lasts as long as both sides like.
    """
    request = exchange.request
    if request.path in exchange.downstream.probes:
        return
    reason = exchange.reason
    status = exchange.status
    shed = broken = False
    if reason:
        if reason in _OF_CLIENTS or exchange.broken_by_client:
            return
        shed = _is_shed(exchange)
        broken = exchange.broken_off
    for objective in objectives:
        if objective.matches is not None and not objective.matches(request):
            continue
        count = objective.count
        if shed:
            count.shed += 1
        elif (
            0 < status < objective.status_below
            and not broken
            and (seconds < objective.seconds or status == _SWITCHING)
        ):
            count.good += 1
        else:
            count.bad += 1


def _is_shed(exchange: Exchange) -> bool:
    """Whether the answer is a refusal for others' sake, and not what a fallback gave instead."""
    by = exchange.refused_by
    if by is None:
        return exchange.reason == TURN_TIMEOUT.reason
    return by.rule.kind in _SHEDDING and not exchange.fallback
