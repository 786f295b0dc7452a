"""An address that clients connect to: who is let in, and how the door closes.

A listener is handed sockets that listen already, so that a new process can take them over from
an old one without a moment in which nobody listens.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

from sidecar.proxy.clock import clock
from sidecar.proxy.downstream import Downstream
from sidecar.telemetry.record import ExchangeRecord
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.tls import ListenerContext
    from sidecar.ruleset.routes import ListenerRules
    from sidecar.telemetry.metrics import ServerMeters

#: Connections that the kernel keeps for us until they are accepted.
BACKLOG: Final = 4096

#: A kept-alive connection that has been quiet for this long is closed while draining; a client
#: that is about to send has by then been told "Connection: close" on an earlier answer.
_QUIET_SECONDS: Final = 1.0
#: Reasons that turn a connection away before its first request; no request is counted then.
_REFUSES_CONNECTIONS: Final = frozenset({"too_many_connections", "too_many_connections_of_client"})


class Listener:
    """The connections of one listening socket."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        sock: socket.socket,
        tls: ListenerContext | None,
    ) -> None:
        self.engine = engine
        self.name = name
        self.socket = sock
        self.tls = tls
        self.meters = engine.meters.listener(name, "https" if tls else "http")
        self.server_meters: dict[str, ServerMeters] = {}
        self.connections: set[Downstream] = set()
        self._clients: dict[bytes, int] = {}
        self._server: asyncio.Server | None = None

    @property
    def rules(self) -> ListenerRules:
        """What the rules in force ask of clients here."""
        return self.engine.rules.listeners[self.name]

    async def start(self) -> None:
        """Accept connections."""
        loop = self.engine.loop
        context = self.tls.context if self.tls is not None else None
        if self.socket.family == socket.AF_UNIX:
            self._server = await loop.create_unix_server(
                lambda: Downstream(self), sock=self.socket, ssl=context, backlog=BACKLOG
            )
        else:
            self._server = await loop.create_server(
                lambda: Downstream(self), sock=self.socket, ssl=context, backlog=BACKLOG
            )

    def stop_accepting(self) -> None:
        """Accept no more; connections that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def idle_seconds(self) -> float:
        """How long a kept-alive connection may be quiet."""
        return _QUIET_SECONDS if self.engine.draining else self.rules.keep_alive

    # --- called by connections

    def opened(self, downstream: Downstream) -> Rejected | None:
        """A client has connected. Returns why it cannot stay; None when it can."""
        meters = self.meters
        meters.connections_total += 1
        meters.connections_open += 1
        self.connections.add(downstream)
        address = downstream.address
        count = self._clients.get(address, 0) + 1
        self._clients[address] = count
        limits = downstream.peer.limits
        if len(self.connections) > limits.connections:
            return Rejected(503, "too_many_connections", "too many connections are open")
        shared = downstream.peer.is_proxy or downstream.peer.number < 0
        if count > limits.connections_per_client and not shared:
            detail = "too many connections are open from this address"
            return Rejected(503, "too_many_connections_of_client", detail)
        return None

    def closed(self, downstream: Downstream) -> None:
        """A client's connection is gone."""
        self.connections.discard(downstream)
        self.meters.connections_open -= 1
        address = downstream.address
        count = self._clients[address] - 1
        if count:
            self._clients[address] = count
        else:
            del self._clients[address]

    def rejected(self, downstream: Downstream, rejected: Rejected) -> None:
        """A client was turned away that has sent no request, or none that could be read."""
        count = self.meters.rejected
        if rejected.reason in _REFUSES_CONNECTIONS:
            count = self.meters.connections_refused
        count(rejected.reason)
        engine = self.engine
        span = b"%016x" % engine.getrandbits(64)
        engine.records.append(
            ExchangeRecord(
                clock(), 0.0, 0.0, self.name, "", b"", b"", "", rejected.status, rejected.reason,
                "", downstream.address, 0, 0, "", "", 0, b"", span, b"", False, (),
                engine.rules.version,
            )
        )  # fmt: skip

    # --- the end

    def abort(self) -> None:
        """Cut every connection."""
        for downstream in list(self.connections):
            downstream.transport.abort()
