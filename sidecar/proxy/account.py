"""Gives each exchange its ids, and tells the counters and the record ring how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.proxy.judgement import judge
from sidecar.telemetry.metrics import method_label
from sidecar.telemetry.record import ExchangeRecord
from sidecar.wire.names import Kind
from sidecar.wire.trace_context import (
    is_plausible_tracestate,
    parse_traceparent,
    valid_request_id,
)

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Endpoint
    from sidecar.model.http import RequestHead
    from sidecar.proxy.exchange import Exchange
    from sidecar.telemetry.metrics import ClientMeters

_X_REQUEST_ID = int(Kind.X_REQUEST_ID)
_TRACEPARENT = int(Kind.TRACEPARENT)
_TRACESTATE = int(Kind.TRACESTATE)


def identify(exchange: Exchange) -> None:
    """Continue the trace that the request belongs to, or begin one.

    The id of a decision is the span's: what a client quotes is found in traces and logs.
    """
    if exchange.request.special and _continue_trace(exchange):
        return
    ids = b"%048x" % exchange.engine.getrandbits(192)
    exchange.trace_id = trace_id = ids[:32]
    exchange.span_id = exchange.request.decision = ids[32:]
    if not exchange.request_id:
        exchange.request_id = trace_id


def _continue_trace(exchange: Exchange) -> bool:
    special = exchange.request.special
    given = special.get(_X_REQUEST_ID)
    if given is not None and valid_request_id(given):
        exchange.request_id = given
    parent = special.get(_TRACEPARENT)
    trace = parse_traceparent(parent) if parent is not None else None
    if _TRACESTATE in special and (
        trace is None or not is_plausible_tracestate(special[_TRACESTATE])
    ):
        # It belongs to a traceparent (W3C Trace Context, 3.3).
        del special[_TRACESTATE]
    if trace is None:
        return False
    exchange.trace_id, exchange.parent_id, flags = trace
    exchange.sampled = bool(flags & 1)
    exchange.span_id = b"%016x" % exchange.engine.getrandbits(64)
    exchange.request.decision = exchange.span_id
    if not exchange.request_id:
        exchange.request_id = exchange.trace_id
    return True


class Attempt(Protocol):
    """A request that has been sent to an endpoint."""

    request: RequestHead
    endpoint: Endpoint | None
    client_meters: ClientMeters | None
    asked: float


def count_attempt(exchange: Attempt, status: int, error: str, now: float) -> None:
    """An attempt has ended: with a status, or with the reason why there is none."""
    meters, endpoint = exchange.client_meters, exchange.endpoint
    if meters is None:
        return
    if endpoint is not None and endpoint.watch is not None:
        endpoint.watch.heard(endpoint, status, error, now)
    method = exchange.request.method
    cell = None if error else meters.cells.get((method, status))
    if cell is None:
        cell = meters.open(method_label(method), status, error)
    cell.observe(now - exchange.asked)


def record(exchange: Exchange, now: float) -> None:
    """The exchange has ended: count it, and append its one record."""
    request = exchange.request
    downstream = exchange.downstream
    listener = downstream.listener
    route = exchange.route
    status = exchange.status
    reason = exchange.reason
    seconds = now - exchange.started
    meters = exchange.meters
    meters.in_flight -= 1
    cell = None if reason else meters.cells.get((request.method, status))
    if cell is None:
        cell = meters.open(method_label(request.method), status, reason)
    cell.observe(seconds)
    if route.objectives:
        judge(exchange, route.objectives, seconds)
    counted = listener.meters
    counted.bytes_received += exchange.bytes_received
    counted.bytes_sent += exchange.bytes_sent
    overhead = _overhead(exchange, now)
    counted.overhead.observe(overhead)
    fallback = exchange.fallback
    if fallback and exchange.detour is not None:
        # No error to whoever counts them: the client has an answer.
        reason = reason or exchange.detour.why
    endpoint = exchange.endpoint
    refused_by = exchange.refused_by
    if refused_by is not None:
        meters.refused += 1
    exchange.engine.records.append(
        ExchangeRecord(
            exchange.started,
            seconds,
            overhead,
            listener.name,
            request.method,
            request.host,
            request.target,
            route.name,
            status,
            reason,
            "" if refused_by is None else refused_by.label,
            request.client,
            exchange.bytes_received,
            exchange.bytes_sent,
            route.cluster.name,
            "" if endpoint is None else endpoint.name,
            exchange.attempts,
            exchange.trace_id,
            exchange.span_id,
            exchange.parent_id,
            exchange.sampled,
            exchange.would_refuse,
            exchange.rules.version,
            exchange.evidence,
            fallback,
        )
    )


def _overhead(exchange: Exchange, now: float) -> float:
    """Seconds that were the sidecar's own: before the request went on, and with the answer.

    Waiting for the upstream is not in it, nor is the time in which bodies flow.
    """
    asked = exchange.first_asked or exchange.asked
    if not asked:
        return now - exchange.started
    heard = exchange.heard
    before = asked - exchange.started
    return before + (exchange.told or now) - heard if heard else before
