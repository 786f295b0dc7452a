"""Gives each exchange its ids: of the trace that its request belongs to, or of a new one."""

from __future__ import annotations

from binascii import hexlify
from typing import TYPE_CHECKING, Final

from sidecar.wire.names import Kind
from sidecar.wire.trace_context import RANDOM, SAMPLED, TELL, UNDECIDED, valid_request_id

if TYPE_CHECKING:
    from sidecar.proxy.exchange import Exchange

_X_REQUEST_ID = int(Kind.X_REQUEST_ID)
_X_SIDECAR_TRACE = int(Kind.X_SIDECAR_TRACE)

#: Of a trace that begins here: all of its id is random.
_OURS_SAMPLED: Final = RANDOM | SAMPLED


def identify(exchange: Exchange) -> None:
    """Continue the trace that the request belongs to, or begin one.

    The id of a decision is the span's: what a client quotes is found in traces and logs.
    """
    request = exchange.request
    if request.special and _continue_trace(exchange):
        return
    # Drawn at once: of the trace, of the request's span and of its first try's.
    ids = hexlify(exchange.engine.getrandbits(256).to_bytes(32))
    exchange.trace_id = ids[:32]
    request.decision = ids[32:48]
    exchange.try_id = ids[48:]
    if ids[18:32] >= exchange.rules.traces.threshold and not exchange.is_decided:
        exchange.trace_flags = _OURS_SAMPLED


def _continue_trace(exchange: Exchange) -> bool:
    special = exchange.request.special
    given = special.get(_X_REQUEST_ID)
    if given is not None and valid_request_id(given):
        exchange.request_id = given
    if special.get(_X_SIDECAR_TRACE) == TELL:
        exchange.tells = True
    traces = exchange.rules.traces
    found = traces.find(special)
    if found is None:
        return False
    trace_id, parent_id, flags, state = found
    believed = exchange.downstream.peer.is_believed
    if not trace_id:
        # B3 can say so much of a trace that begins here.
        if believed:
            exchange.is_decided = True
            exchange.trace_flags = flags | RANDOM
        return False
    if flags & UNDECIDED or not believed:
        # Whether a stranger's requests are kept is not for a stranger to say.
        flags = flags & RANDOM | (trace_id[18:] >= traces.threshold)
    if state:
        exchange.trace_state = state
    exchange.trace_id = trace_id
    exchange.parent_id = parent_id
    exchange.trace_flags = flags
    ids = hexlify(exchange.engine.getrandbits(128).to_bytes(16))
    exchange.request.decision = ids[:16]
    exchange.try_id = ids[16:]
    return True
