"""Tells the counters and the record ring how tries and exchanges went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.proxy.judgement import judge
from sidecar.proxy.keeping import mark, why_kept
from sidecar.telemetry.metrics import method_label
from sidecar.telemetry.record import ExchangeRecord, Try

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Endpoint
    from sidecar.model.http import RequestHead
    from sidecar.model.outcome import Failure
    from sidecar.proxy.exchange import Exchange
    from sidecar.proxy.forwarder import Forwarder
    from sidecar.ruleset.routes import Route
    from sidecar.telemetry.metrics import ClientMeters


class Attempt(Protocol):
    """A request that has been sent to an endpoint."""

    request: RequestHead
    endpoint: Endpoint | None
    client_meters: ClientMeters | None
    route: Route
    asked: float
    #: When it began to wait for a connection; 0.0 when there was one.
    waited_from: float
    try_id: bytes
    tries: tuple[Try, ...]


def count_attempt(exchange: Attempt, status: int, error: str, now: float) -> None:
    """An attempt has ended: with a status, or with the reason why there is none."""
    meters, endpoint = exchange.client_meters, exchange.endpoint
    one = Try(
        exchange.try_id,
        exchange.waited_from or exchange.asked,
        now,
        exchange.route.cluster.name,
        "" if endpoint is None else endpoint.name,
        status,
        error,
        "http" if endpoint is None or endpoint.tls is None else "https",
    )
    before = exchange.tries
    exchange.tries = (*before, one) if before else (one,)
    if meters is None:
        return
    if endpoint is not None and endpoint.watch is not None:
        endpoint.watch.heard(endpoint, status, error, now)
    method = exchange.request.method
    cell = None if error else meters.cells.get((method, status))
    if cell is None:
        cell = meters.open(method_label(method), status, error)
    cell.observe(now - exchange.asked)


def never_sent(exchange: Forwarder, error: str, now: float) -> None:
    """A try has ended for which there was no connection: metrics count those elsewhere."""
    endpoint = exchange.endpoint
    name = "" if endpoint is None else endpoint.name
    upstream = exchange.route.cluster.name
    one = Try(exchange.try_id, exchange.waited_from, now, upstream, name, 0, error)
    exchange.tries += (one,)


def record(exchange: Exchange, failure: Failure | None, now: float) -> None:
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
    kept = why_kept(exchange, failure, seconds)
    if kept:
        mark(exchange, now)
    # Thirty arguments: with one more CPython makes a list of them first, which takes as long as
    # all the rest. What most requests leave as it is follows by name.
    told = ExchangeRecord(
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
        request.decision,
        exchange.parent_id,
        exchange.trace_flags & 1 == 1,
        exchange.would_refuse,
        exchange.rules.version,
        exchange.evidence,
        fallback,
        "http" if request.scheme == b"http" else "https",
        request.priority,
        exchange.tries,
        exchange.noticed,
        kept,
    )
    if exchange.trace_state:
        told.trace_state = exchange.trace_state
    if exchange.applied is not None:
        told.applied = exchange.applied
    if not request.minor:
        told.minor = 0
    exchange.engine.records.append(told)


def _overhead(exchange: Exchange, now: float) -> float:
    """Seconds that were the sidecar's own: before the request went on, and with the answer.

    Waiting for a turn, for a connection or for the upstream is not in it, nor is the time in which
    bodies flow.
    """
    asked = exchange.first_asked or exchange.waited_from or exchange.asked
    if not asked:
        return now - exchange.started - exchange.parked_seconds
    heard = exchange.heard
    before = asked - exchange.started - exchange.parked_seconds
    return before + (exchange.told or now) - heard if heard else before
