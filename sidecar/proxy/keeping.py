"""Which exchanges are kept, and how those above them come to know of it.

The law: **every ancestor of a kept span is kept**. What is known when an answer's head goes out is
said there, to sidecars that have asked; what goes wrong later is seen by the caller as well, as a
failure or as slowness of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import (
    CLIENT_GONE,
    CLIENT_STALLED,
    CONNECT_FAILURE,
    CONNECT_TIMEOUT,
    POOL_OVERFLOW,
    TLS_FAILURE,
    Source,
)
from sidecar.proxy.clock import clock
from sidecar.telemetry.record import Keep
from sidecar.wire.trace_context import KEPT, SAMPLED

if TYPE_CHECKING:
    from sidecar.model.outcome import Failure
    from sidecar.proxy.exchange import Exchange
    from sidecar.proxy.relay import Relay
    from sidecar.telemetry.record import Try

#: The field of an answer that says it, and its line.
KEPT_FIELD: Final = (b"x-sidecar-trace", KEPT)
KEPT_LINE: Final = b"x-sidecar-trace: " + KEPT

_NOT: Final = Keep.NOT
_SAMPLED: Final = Keep.SAMPLED
#: Why tries end that did not fail.
_CLIENTS_FAULT: Final = frozenset({CLIENT_GONE.reason, CLIENT_STALLED.reason})
#: Why nothing more can come of them: there was an answer, or nobody to ask; a client that went
#: away is told apart by what was being done for it.
_NOTHING_BELOW: Final = _CLIENTS_FAULT | {
    "",
    CONNECT_FAILURE.reason,
    CONNECT_TIMEOUT.reason,
    TLS_FAILURE.reason,
    POOL_OVERFLOW.reason,
}


def why_kept(exchange: Exchange, failure: Failure | None, seconds: float) -> Keep:
    """Whether the spans of an exchange are kept that has ended after so long, and why."""
    if exchange.trace_flags & SAMPLED:
        return _SAMPLED
    if (
        failure is None
        and exchange.status < 500
        and len(exchange.tries) < 2
        and not exchange.below
        and seconds < exchange.rules.traces.slow
        and exchange.refused_by is None
        and exchange.detour is None
        and exchange.trace_id not in exchange.engine.kept_traces
    ):
        return _NOT
    return _why(exchange, failure, seconds)


def is_kept(exchange: Relay, failure: Failure | None = None) -> bool:
    """Whether it is known already that an exchange will be kept which has not ended."""
    seconds = clock() - exchange.started
    return bool(exchange.trace_flags & SAMPLED or _why(exchange, failure, seconds))


def mark(exchange: Relay, now: float) -> None:
    """A call of the service is kept: so is the request that it is made for."""
    if exchange.downstream.peer.is_service:
        exchange.engine.kept_traces.mark(exchange.trace_id, now)


def _why(exchange: Relay, failure: Failure | None, seconds: float) -> Keep:
    traces = exchange.rules.traces
    if traces.degraded and exchange.detour is not None and exchange.detour.clause is not None:
        return Keep.DEGRADED
    if traces.refused and exchange.refused_by is not None:
        return Keep.REFUSED
    if traces.error and _has_failed(exchange, failure):
        return Keep.ERROR
    if seconds >= traces.slow:
        return Keep.SLOW
    if exchange.below or (traces.keeps_some and _may_go_on(exchange)):
        return Keep.BELOW
    if exchange.trace_id in exchange.engine.kept_traces and not exchange.downstream.peer.is_service:
        return Keep.BELOW
    return _NOT


def _has_failed(exchange: Relay, failure: Failure | None) -> bool:
    if exchange.status >= 500 or any(map(_is_failed, exchange.tries)):
        return True
    return failure is not None and failure.source is not Source.DOWNSTREAM


def _may_go_on(exchange: Relay) -> bool:
    """Whether an upstream was asked and not heard to the end: nobody knows what it does."""
    return exchange.given_up or any(one.reason not in _NOTHING_BELOW for one in exchange.tries)


def _is_failed(one: Try) -> bool:
    return one.status >= 500 or (one.reason != "" and one.reason not in _CLIENTS_FAULT)
