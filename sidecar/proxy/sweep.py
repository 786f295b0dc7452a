"""Looks at every deadline a few times a second, so that no request needs a timer of its own.

A deadline is therefore noticed up to ``TICK_SECONDS`` late, those of idle connections up to a
second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import (
    CLIENT_STALLED,
    IDLE_TIMEOUT,
    PER_TRY_TIMEOUT,
    REQUEST_TIMEOUT,
)
from sidecar.proxy.client_connection import (
    BODY,
    HEAD,
    LINGER_SECONDS,
    LINGERING,
    SKIPPING,
    WAITING,
)
from sidecar.proxy.clock import clock
from sidecar.proxy.saturation import Saturation

if TYPE_CHECKING:
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.exchange import Exchange
    from sidecar.proxy.host_load import HostLoad
    from sidecar.proxy.listener import Listener

TICK_SECONDS: Final = 0.05
_TICKS_A_SECOND: Final = 20

#: A closing connection whose last bytes the client does not read is cut after this time.
_UNREAD_SECONDS: Final = 30.0


class Sweep:
    """The one recurring timer of the data path."""

    def __init__(
        self,
        engine: Engine,
        listeners: list[Listener],
        each_tick: Callable[[float], None],
        host_load: HostLoad | None = None,
    ) -> None:
        """``each_tick`` is called with the time at every tick, for what else wants a beat."""
        self._engine = engine
        self._listeners = listeners
        self._each_tick = each_tick
        self._host_load = host_load
        self._saturation = Saturation(engine, listeners, self._cpu_share)
        self._ticks = 0
        #: Connections that are still to be looked at in this second, and how many at a tick.
        self._round: list[tuple[Downstream, Listener]] = []
        self._share = 1
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin ticking."""
        self._due = clock() + TICK_SECONDS
        self._handle = self._engine.loop.call_later(TICK_SECONDS, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _tick(self) -> None:
        now = clock()
        engine = self._engine
        lag = max(now - self._due, 0.0)
        engine.meters.loop_lag.observe(lag)
        if self._host_load is not None:
            self._host_load.tick(now, lag)
        if self._ticks % _TICKS_A_SECOND == 0:
            self._saturation.look(now)
        try:
            self.look(now)
            self._each_tick(now)
        finally:
            # Whatever goes wrong with one request, the others' time must end too.
            self._due = clock() + TICK_SECONDS
            self._handle = engine.loop.call_later(TICK_SECONDS, self._tick)

    def _cpu_share(self) -> float | None:
        return self._host_load.share if self._host_load is not None else None

    def look(self, now: float) -> None:
        """Look at everything whose time may have come."""
        engine = self._engine
        engine.now = now
        for exchange in [one for one in engine.exchanges if now >= one.try_deadline]:
            late = now >= exchange.deadline
            exchange.expire(REQUEST_TIMEOUT if late else PER_TRY_TIMEOUT)
        if self._ticks % _TICKS_A_SECOND == 0:
            engine.tick(now)
            self._begin_round(now)
        self._ticks += 1
        self._go_on(now)

    def _begin_round(self, now: float) -> None:
        for exchange in list(self._engine.exchanges):
            _look_at_progress(exchange, now)
        # Those of endpoints that have gone too: what was theirs is over.
        for meters in self._engine.meters.clients.values():
            meters.requests_in_flight = meters.pending = 0
        for connector in self._engine.connectors():
            connector.look(now)
        self._engine.reap()
        self._round = [
            (downstream, listener)
            for listener in self._listeners
            for downstream in listener.connections
        ]
        self._share = len(self._round) // _TICKS_A_SECOND + 1

    def _go_on(self, now: float) -> None:
        """Look at the next of the connections: all of them in a second, few at a time."""
        looked_at = self._round[-self._share :]
        del self._round[-self._share :]
        for downstream, listener in looked_at:
            _look_at(downstream, listener, now)


def _look_at_progress(exchange: Exchange, now: float) -> None:
    """End an exchange in which nothing moves."""
    moved = _moved_bytes(exchange)
    if moved != exchange.progress_bytes:
        exchange.progress_bytes = moved
        exchange.progress_since = now
        return
    flowing = exchange.status or not exchange.request_sent
    if flowing and now - exchange.progress_since >= exchange.route.timeouts.idle:
        stalled = exchange.downstream.is_unread or exchange.awaits_client
        if exchange.waits and not stalled:
            # The silence is ours; when it is over, an idle time begins.
            exchange.progress_since = now
            return
        exchange.expire(CLIENT_STALLED if stalled else IDLE_TIMEOUT)


def _moved_bytes(exchange: Exchange) -> int:
    """What has come through: bytes that wait for somebody slow move when he takes them."""
    moved = exchange.bytes_received + exchange.bytes_sent
    moved -= exchange.downstream.transport.get_write_buffer_size()
    if exchange.upstream is not None:
        moved -= exchange.upstream.transport.get_write_buffer_size()
    return moved


def _look_at(downstream: Downstream, listener: Listener, now: float) -> None:
    state = downstream.state
    waited = now - downstream.since
    if state == HEAD:
        _look_at_quiet(downstream, listener, waited)
    elif state == BODY:
        _look_at_body(downstream, now)
    elif state == WAITING:
        if downstream.half_closed:
            downstream.probe_half_closed()
    elif state == SKIPPING:
        if waited >= downstream.peer.limits.body_grace:
            # The request was answered: there is nothing more to say.
            downstream.close_after_flush()
    elif state == LINGERING and waited >= LINGER_SECONDS:
        unread = downstream.transport.get_write_buffer_size()
        if not unread or waited >= _UNREAD_SECONDS:
            downstream.transport.abort()


def _look_at_quiet(downstream: Downstream, listener: Listener, waited: float) -> None:
    within = listener.rules.limits.head_within
    idle = listener.idle_seconds()
    if downstream.has_partial_head and not downstream.is_unread:
        if waited >= within:
            downstream.time_out_head()
    elif waited >= (idle if downstream.served else min(within, idle)):
        # Nothing has come: there is nothing to answer.
        downstream.close_after_flush()


def _look_at_body(downstream: Downstream, now: float) -> None:
    exchange = downstream.exchange
    if exchange is None or not exchange.awaits_client:
        # The time in which the client could not send is not held against it.
        downstream.body_since = now
        return
    limits = downstream.peer.limits
    elapsed = now - downstream.body_since
    if elapsed >= limits.body_grace and exchange.bytes_received < limits.body_rate * elapsed:
        downstream.time_out_body()
