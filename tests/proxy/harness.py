"""A proxy on the test's own loop: real sockets on port 0, hand-made rules, scripted upstreams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from random import Random
from typing import Any

from sidecar.algorithms.networks import Networks
from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress, UpstreamTls
from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.clock import clock
from sidecar.proxy.downstream import Downstream
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
from sidecar.ruleset.traces import Traces
from sidecar.telemetry.metrics import ClientMeters, Meters
from sidecar.telemetry.record import ExchangeRecord, RecordRing
from sidecar.wire.names import REQUEST_KINDS, RESPONSE_KINDS, NameTable
from tests.proxy.client import Client, until
from tests.proxy.recorder import Recorder

LOOPBACK = Networks([ip_network("127.0.0.0/8")])
NOBODY = Networks([])

#: So many looks of the sweep make a round of everything that it looks at.
TICKS_A_SECOND = 20

#: Serves one upstream connection: reader, writer.
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Unhandled(Exception):  # noqa: N818 - what the loop says of it stands in its text
    """Something that the loop complained of."""


@dataclass
class Proxy:
    """A running proxy and what it was made of. Its sweep looks only when a test says so."""

    engine: Engine
    listener: Listener
    sweep: Sweep
    port: int
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        """A new client; it is cut off at the end of the test."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20))
        self.clients.append(client)
        return client

    async def ask(self, request: bytes) -> bytes:
        """Send raw bytes on a connection of its own; returns what comes until it closes."""
        client = await self.connect()
        await client.send(request)
        return await client.read_to_end()

    async def hang_up(self) -> None:
        """Close every connection to an upstream that carries nothing; waits for the others."""
        for connector in self.engine.connectors():
            await until(lambda pool=connector.pool: not pool.connecting)  # type: ignore[misc]
            connector.close_idle()
            await until(lambda pool=connector.pool: not pool.open)  # type: ignore[misc]

    def look(self, seconds: float) -> None:
        """Have the sweep look at everything as if it were ``seconds`` later."""
        now = clock() + seconds
        for _ in range(2 * TICKS_A_SECOND):
            self.sweep.look(now)

    @property
    def records(self) -> list[ExchangeRecord]:
        """The records written since the last time."""
        return self.engine.records.drain(1_000_000)

    @property
    def meters(self) -> ClientMeters:
        """What is counted for the only endpoint there is."""
        (meters,) = self.engine.meters.clients.values()
        return meters


def only(running: Proxy) -> Downstream:
    """The only client connection there is."""
    (downstream,) = running.listener.connections
    return downstream


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
    answers: frozenset[bytes] = frozenset(),
    traces: Traces | None = None,
) -> RuleSet:
    """A rule set with one route to one cluster."""
    cluster = Cluster("app", tuple(endpoints), Balancer())
    route = Route("other", cluster, timeouts or Timeouts())
    route.chain = chain or Chain()
    inbound = ListenerRules(
        limits or ListenerLimits(), keep_alive, find_route=lambda _request: route
    )
    return RuleSet(
        version=version,
        service="test",
        routes={"other": route},
        towards={},
        clusters={"app": cluster},
        policies={},
        rules={},
        trust=trust or Trust(NOBODY, NOBODY),
        listeners={"inbound": inbound},
        names_believed=NameTable(REQUEST_KINDS, watched=watched | identity),
        names_unbelieved=NameTable(REQUEST_KINDS, watched=watched, removed=identity),
        response_names=NameTable(RESPONSE_KINDS, watched=answers),
        traces=traces or Traces(),
    )


def endpoint(
    port: int, *, pool: PoolSettings | None = None, tls: UpstreamTls | None = None
) -> Endpoint:
    """An endpoint on loopback."""
    return Endpoint(EndpointAddress("127.0.0.1", port), tls, pool or PoolSettings())


async def _turns() -> None:
    """Let what was begun, and what was aborted, come to its end."""
    for _ in range(4):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def upstream(script: Script) -> AsyncIterator[int]:
    """A scripted upstream; gives its port. What a script raises fails the test."""
    tasks: set[asyncio.Task[None]] = set()
    raised: list[Exception] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        # Cancelled is what a script that still waits is at the end of its test.
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        except Exception as error:  # noqa: BLE001 - raised again in the test
            raised.append(error)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _turns()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _turns()
    if raised:
        raise ExceptionGroup("the upstream was sent what it cannot read", raised)


@contextlib.asynccontextmanager
async def proxy(
    rules: RuleSet,
    *,
    tls: ListenerContext | None = None,
    sock: socket.socket | None = None,
    door: str = "inbound",
) -> AsyncIterator[Proxy]:
    """A proxy with these rules. What its callbacks raise fails the test."""
    loop = asyncio.get_running_loop()
    raised: list[BaseException] = []
    loop.set_exception_handler(
        lambda _loop, context: raised.append(context.get("exception") or Unhandled(str(context)))
    )
    engine = Engine(loop, rules, Meters("test"), RecordRing(10_000), Random(1))
    sock = sock or listen_tcp("127.0.0.1", 0)
    name = sock.getsockname()
    listener = Listener(engine, door, sock, tls)
    sweep = Sweep(engine, [listener], lambda _now: None)
    await listener.start()
    running = Proxy(engine, listener, sweep, name[1] if isinstance(name, tuple) else 0)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        sweep.stop()
        listener.stop_accepting()
        listener.abort()
        await _turns()
        await running.hang_up()
        await _turns()
        loop.set_exception_handler(None)
    if raised:
        raise BaseExceptionGroup("the proxy raised in a callback", raised)


@contextlib.asynccontextmanager
async def serving(
    script: Script, *, pool: PoolSettings | None = None, **options: Any
) -> AsyncIterator[Proxy]:
    """A proxy in front of one scripted upstream; ``options`` are those of ``rules_for``."""
    async with upstream(script) as port:  # noqa: SIM117 - the rules need the port
        async with proxy(rules_for([endpoint(port, pool=pool)], **options)) as running:
            yield running


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
    "only",
    "proxy",
    "replace",
    "request",
    "rules_for",
    "serving",
    "until",
    "upstream",
]
