"""A proxy on the test's own loop: real sockets on port 0, rules made by hand, scripted upstreams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from random import Random

from sidecar.algorithms.networks import Networks
from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress, UpstreamTls
from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.engine import Engine
from sidecar.proxy.listener import Listener
from sidecar.proxy.sockets import listen_tcp
from sidecar.proxy.sweep import Sweep
from sidecar.proxy.tls import ListenerContext
from sidecar.ruleset.routes import (
    Chain,
    ListenerLimits,
    ListenerRules,
    Route,
    RuleSet,
    Timeouts,
    Trust,
)
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from sidecar.wire.names import REQUEST_KINDS, NameTable

LOOPBACK = Networks([ip_network("127.0.0.0/8")])
NOBODY = Networks([])

#: Serves one upstream connection: reader, writer.
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Proxy:
    """A running proxy and what it was made of."""

    engine: Engine
    listener: Listener
    sweep: Sweep
    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)

    async def ask(self, request: bytes, *, until_close: bool = True) -> bytes:
        """Send raw bytes on a connection of its own; returns what comes until it closes."""
        reader, writer = await self.connect()
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(-1), 5) if until_close else b""
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return answer


@dataclass
class Recorder:
    """An upstream that notes every byte it is sent and answers each request alike."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    connections: list[bytearray] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = bytearray()
        self.connections.append(seen)
        answered = 0
        while data := await reader.read(1 << 16):
            seen += data
            heads = bytes(seen).count(b"\r\n\r\n")
            if heads > answered:
                writer.write(self.answer * (heads - answered))
                answered = heads

    @property
    def seen(self) -> bytes:
        """Everything received, connection after connection."""
        return b"".join(map(bytes, self.connections))


def rules_for(
    endpoints: Sequence[Endpoint],
    *,
    timeouts: Timeouts | None = None,
    chain: Chain | None = None,
    trust: Trust | None = None,
    limits: ListenerLimits | None = None,
    keep_alive: float = 60.0,
    version: str = "one",
    watched: frozenset[bytes] = frozenset(),
    identity: frozenset[bytes] = frozenset(),
) -> RuleSet:
    """A rule set with one route to one cluster."""
    cluster = Cluster("app", tuple(endpoints), Balancer())
    route = Route("other", cluster, timeouts or Timeouts())
    route.chain = chain or Chain()
    return RuleSet(
        version=version,
        service="test",
        find_route=lambda _request: route,
        routes={"other": route},
        clusters={"app": cluster},
        gates={},
        trust=trust or Trust(NOBODY, NOBODY),
        listeners={"inbound": ListenerRules(limits or ListenerLimits(), keep_alive)},
        names_believed=NameTable(REQUEST_KINDS, watched=watched | identity),
        names_unbelieved=NameTable(REQUEST_KINDS, watched=watched, removed=identity),
    )


def endpoint(
    port: int, *, pool: PoolSettings | None = None, tls: UpstreamTls | None = None
) -> Endpoint:
    """An endpoint on loopback."""
    return Endpoint(EndpointAddress("127.0.0.1", port), tls, pool or PoolSettings())


@contextlib.asynccontextmanager
async def upstream(script: Script) -> AsyncIterator[int]:
    """A scripted upstream; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def proxy(
    rules: RuleSet, *, tls: ListenerContext | None = None, sock: socket.socket | None = None
) -> AsyncIterator[Proxy]:
    """A proxy with these rules."""
    loop = asyncio.get_running_loop()
    engine = Engine(loop, rules, Meters("test"), RecordRing(10_000), Random(1))
    sock = sock or listen_tcp("127.0.0.1", 0)
    name = sock.getsockname()
    listener = Listener(engine, "inbound", sock, tls)
    sweep = Sweep(engine, [listener], lambda _now: None)
    await listener.start()
    sweep.start()
    try:
        yield Proxy(engine, listener, sweep, name[1] if isinstance(name, tuple) else 0)
    finally:
        sweep.stop()
        listener.stop_accepting()
        listener.abort()
        for connector in engine.connectors():
            connector.close_idle()
        await asyncio.sleep(0)


def request(
    target: str = "/", *headers: str, method: str = "GET", body: bytes = b"", close: bool = True
) -> bytes:
    """A plain request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: shop.example", *headers]
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


__all__ = [
    "LOOPBACK",
    "NOBODY",
    "Proxy",
    "Recorder",
    "endpoint",
    "proxy",
    "replace",
    "request",
    "rules_for",
    "upstream",
]
