"""Opens connections to one endpoint, and hands them to the requests that wait."""

from __future__ import annotations

import asyncio
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import (
    CONNECT_FAILURE,
    CONNECT_TIMEOUT,
    POOL_OVERFLOW,
    TLS_FAILURE,
    Failure,
)
from sidecar.proxy.clock import clock
from sidecar.proxy.tls import UpstreamContext
from sidecar.proxy.upstream import IDLE, OPENING, Upstream

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Endpoint
    from sidecar.cluster.pool import Pool
    from sidecar.model.hosts import HostKey
    from sidecar.proxy.asker import Asker
    from sidecar.proxy.engine import Engine
    from sidecar.telemetry.metrics import ClientMeters

#: Who listens there is reached by every address of the machine.
_WILDCARDS: Final = (b"0.0.0.0", b"::")


class Connector:
    """The I/O around one endpoint's pool."""

    __slots__ = ("_engine", "_tasks", "endpoint", "meters", "pool", "retired", "tls")

    def __init__(self, engine: Engine, endpoint: Endpoint, meters: ClientMeters) -> None:
        self._engine = engine
        self.endpoint = endpoint
        self.meters = meters
        self.pool: Pool[Upstream, Asker] = endpoint.pool
        #: No rule set names the endpoint any more: connections close when they are free.
        self.retired = False
        self.tls = UpstreamContext(endpoint.tls) if endpoint.tls is not None else None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_done(self) -> bool:
        """Whether the endpoint is in no rule set any more, and no request uses it."""
        return self.retired and not self.pool.open and not self.endpoint.in_flight

    def checkout(self, now: float) -> Upstream | None:
        """The most recently used connection that is still good."""
        idle = self.pool.idle
        while idle:
            connection = idle.pop()
            if now < connection.expires and connection.is_quiet():
                return connection
            connection.close()
        return None

    def request(self, exchange: Asker) -> None:
        """Have ``exchange`` granted a connection, or failed, by and by."""
        pool = self.pool
        if not pool.may_wait:
            self.meters.pool_overflows += 1
            exchange.attempt_failed(POOL_OVERFLOW)
            return
        pool.pending.append(exchange)
        self._connect_if_needed()

    def withdraw(self, exchange: Asker) -> None:
        """The exchange waits no longer."""
        self.pool.withdraw(exchange)

    def release(self, connection: Upstream) -> None:
        """A connection whose answer is complete and that can carry another request."""
        pool = self.pool
        now = self._engine.now
        if pool.pending and now < connection.retires:
            if connection.is_quiet():
                pool.pending.popleft().granted(connection)
            else:
                # It says more than it was asked: the one who waits must not hear it.
                self.unsolicited()
                connection.close()
        elif self.retired or now >= connection.retires:
            connection.close()
        else:
            idle, said, retires = pool.settings.idle, connection.idle_seconds, connection.retires
            idle = idle if idle < said else said  # noqa: FURB136 - a third of what min() costs
            expires = now + idle
            connection.expires = expires if expires < retires else retires  # noqa: FURB136 - so
            pool.idle.append(connection)

    def closed(self, connection: Upstream) -> None:
        """A connection that is no more."""
        self.pool.forget(connection)
        self.meters.connections_open -= 1
        self._connect_if_needed()

    def unsolicited(self) -> None:
        """The endpoint sent what nobody had asked for."""
        self.meters.unsolicited_total += 1

    def look(self, now: float) -> None:
        """Add to the gauges, and close what has been idle for too long; called by the sweep."""
        endpoint, meters = self.endpoint, self.meters
        # Added up, since hosts that no rule names share their meters.
        meters.requests_in_flight += endpoint.in_flight
        meters.pending += len(self.pool.pending)
        if not self.retired:
            meters.is_up = endpoint.is_well
            meters.is_ejected = endpoint.ejection.is_out
            meters.ejections = endpoint.ejection.total
            meters.checks_passed = endpoint.checks.passed
            meters.checks_failed = endpoint.checks.failed
        for connection in self.pool.expired(now):
            connection.close()

    def retire(self) -> None:
        """The endpoint is in no rule set any more: finish what runs, keep nothing."""
        self.retired = True
        self.meters.is_up = self.meters.is_ejected = None
        self.close_idle()

    def close_idle(self) -> None:
        """Close every connection that carries no request."""
        idle, self.pool.idle = self.pool.idle, []
        for connection in idle:
            connection.close()

    def _connect_if_needed(self) -> None:
        pool = self.pool
        while pool.should_connect:
            pool.open += 1
            pool.connecting += 1
            # A connect is off the fast path, and the loops offer it as a coroutine only.
            task = self._engine.loop.create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        pool = self.pool
        failure, detail, connection = None, "", None
        try:
            async with asyncio.timeout(pool.settings.connect_timeout):
                connection = await self.open()
        except TimeoutError:
            failure = CONNECT_TIMEOUT
        except ssl.SSLError as error:
            failure, detail = TLS_FAILURE, str(error)
        except (OSError, ValueError) as error:
            failure, detail = CONNECT_FAILURE, str(error)
        pool.connecting -= 1
        if connection is None:
            self._failed(failure or CONNECT_FAILURE, detail)
        elif connection.state != OPENING or not connection.is_quiet():
            connection.close()
            self._failed(CONNECT_FAILURE, "it closed, or spoke before it was asked")
        else:
            connection.state = IDLE
            self.meters.connects_total += 1
            self.meters.connections_open += 1
            self.release(connection)

    async def open(self) -> Upstream:
        """Make a connection, of which the pool knows nothing yet.

        Raises what opening one raises: ``OSError``, ``ssl.SSLError``, ``ValueError``.
        """
        endpoint = self.endpoint
        loop = self._engine.loop
        connection = Upstream(self, self._engine.now + self.pool.settings.age)
        context = self.tls.context() if self.tls is not None else None
        server_name = endpoint.tls.server_name if endpoint.tls is not None else None
        if endpoint.address.path:
            await loop.create_unix_connection(
                lambda: connection,
                endpoint.address.path,
                ssl=context,
                server_hostname=server_name,
            )
        else:
            await loop.create_connection(
                lambda: connection,
                endpoint.address.host,
                endpoint.address.port,
                ssl=context,
                server_hostname=server_name,
            )
        if endpoint.not_here and _leads_back(connection, endpoint.not_here):
            connection.close()
            raise OSError("that is where this sidecar itself listens")
        return connection

    def _failed(self, failure: Failure, detail: str) -> None:
        self.pool.open -= 1
        self.meters.connect_failures(failure.reason)
        watch = self.endpoint.watch
        if watch is not None:
            watch.failed(self.endpoint, clock())
        if self.pool.pending:
            self.pool.pending.popleft().attempt_failed(failure, detail)
        self._connect_if_needed()


def _leads_back(connection: Upstream, ours: frozenset[HostKey]) -> bool:
    """Whether the other end is one of ``ours``, whatever it was called."""
    peer = connection.transport.get_extra_info("peername")
    own = connection.transport.get_extra_info("sockname")
    if not peer or not own:
        return False
    address = ip_address(peer[0])
    address = getattr(address, "ipv4_mapped", None) or address
    port = b"%d" % peer[1]
    if (str(address).encode(), port) in ours:
        return True
    is_here = peer[0] == own[0] or address.is_loopback
    return is_here and any((wildcard, port) in ours for wildcard in _WILDCARDS)
