"""After an upgrade bytes pass both ways unread, those that came with the handshake included."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.ruleset.routes import Timeouts, Trust
from tests.proxy.client import Client, reset
from tests.proxy.harness import NOBODY, Proxy, Script, only, request, serving, until

UPGRADE = request("/chat", "Connection: Upgrade", "Upgrade: websocket", close=False)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def echo(*, greeting: bytes = b"") -> Script:
    """Agrees to the upgrade, then says back what it hears until it hears the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH + greeting)
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.write(b" bye")

    return serve


async def tunnel(running: Proxy, first: bytes = b"") -> Client:
    client = await running.connect()
    await client.send(UPGRADE + first)
    head = await client.read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    return client


async def ended(running: Proxy) -> None:
    """Nothing is left of the tunnel on either side."""
    await until(lambda: not running.listener.connections)
    await until(lambda: not running.meters.connections_open)
    assert not running.engine.exchanges


async def test_the_handshake_is_passed_on_with_its_fields_and_nothing_else_hop_by_hop() -> None:
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        extra = (
            b"Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\nKeep-Alive: 1\r\nContent-Length: 3"
        )
        writer.write(SWITCH.replace(b"Upgrade: websocket", extra))

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(
            request(
                "/", "Connection: upgrade, x-hop", "Upgrade: websocket", "x-hop: 1", close=False
            )
        )
        head = await client.read_until(b"\r\n\r\n")
        assert await client.read_to_end() == b""
    assert b"\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" in seen[0]
    assert b"x-hop" not in seen[0]
    assert b"\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" in head
    assert b"\r\nSec-WebSocket-Accept: x\r\n" in head
    assert b"Keep-Alive" not in head
    assert b"Content-Length" not in head


async def test_bytes_that_came_with_the_handshake_arrive_both_ways() -> None:
    async with serving(echo(greeting=b"hello ")) as running:
        client = await tunnel(running, first=b"early")
        assert await client.read_exactly(11) == b"hello early"
        await client.send(b" late")
        assert await client.read_exactly(5) == b" late"
        client.send_end()
        await client.read_to_end()
        await ended(running)
        (record,) = running.records
        attempts = running.meters.find("GET", 101)
        (the_endpoint,) = running.engine.rules.clusters["app"].endpoints
    assert (record.bytes_received, record.bytes_sent) == (10, 20)
    assert attempts is not None
    assert (attempts.count, the_endpoint.in_flight) == (1, 0)


@pytest.mark.parametrize("disclose, told", [("none", False), ("id", True), ("rule", True)])
async def test_the_decision_is_told_where_it_may_be(disclose: str, *, told: bool) -> None:
    trust = Trust(NOBODY, NOBODY, disclose=disclose)
    async with serving(echo(), trust=trust) as running:
        client = await running.connect()
        await client.send(UPGRADE)
        head = await client.read_until(b"\r\n\r\n")
        (exchange,) = running.engine.exchanges
    assert (b"\r\nx-sidecar-decision: %b\r\n" % exchange.span_id in head) == told


async def test_the_time_in_which_a_tunnel_is_open_is_not_ours() -> None:
    async with serving(echo()) as running:
        client = await tunnel(running)
        (exchange,) = running.engine.exchanges
        for name in ("started", "waited_from", "asked", "heard", "told"):
            setattr(exchange, name, getattr(exchange, name) - 100)
        client.send_end()
        await ended(running)
        (record,) = running.records
    assert record.seconds > 100
    assert record.overhead_seconds < 1


async def test_a_client_that_ends_still_hears_what_the_upstream_has_to_say() -> None:
    async with serving(echo()) as running:
        client = await tunnel(running)
        await client.send(b"last words")
        client.send_end()
        assert await client.read_to_end() == b"last words bye"
        await ended(running)
        (record,) = running.records
    assert (record.status, record.reason) == (101, "")
    assert (record.bytes_received, record.bytes_sent) == (10, 14)


async def test_an_upstream_that_ends_still_hears_what_the_client_has_to_say() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH + b"enough")
        writer.write_eof()
        heard.append(await reader.read(-1))

    async with serving(serve) as running:
        client = await tunnel(running)
        assert await client.read_to_end() == b"enough"
        await client.send(b"I am not finished")
        client.send_end()
        await until(lambda: heard)
        await ended(running)
    assert heard == [b"I am not finished"]


@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_when_the_upstream_is_gone_so_is_the_client_s_connection(how: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH)
        await reader.readexactly(1)
        if how == "resets":
            reset(writer)

    async with serving(serve) as running:
        client = await tunnel(running)
        await client.send(b"x")
        assert await client.read_to_end() == b""
        client.close()
        await ended(running)


async def test_when_the_client_is_gone_so_is_the_upstream_s_connection() -> None:
    async with serving(echo()) as running:
        client = await tunnel(running)
        client.reset()
        await ended(running)
        (record,) = running.records
    assert (record.status, record.reason) == (101, "client_gone")


async def test_a_tunnel_in_which_nothing_moves_is_ended() -> None:
    async with serving(echo(), timeouts=Timeouts(idle=60.0)) as running:
        client = await tunnel(running)
        running.look(0.0)
        running.look(59.0)
        await client.send(b"ping")
        assert await client.read_exactly(4) == b"ping"
        running.look(61.0)
        running.look(100.0)
        assert running.engine.exchanges
        running.look(121.0)
        with pytest.raises(ConnectionResetError):
            await client.read_to_end()
        (record,) = running.records
        await ended(running)
    assert record.reason == "idle_timeout"


async def test_what_nobody_reads_is_not_taken_in() -> None:
    """Backpressure through a tunnel, both ways at once."""
    piece = bytes(1 << 20)
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH)
        await go_on.wait()
        size = 0
        while size < 32 * len(piece):
            size += len(await reader.read(1 << 16))
        for _ in range(32):
            writer.write(piece)
            await writer.drain()

    async with serving(serve) as running:
        client = await tunnel(running)
        for _ in range(32):
            client.writer.write(piece)
        await until(lambda: only(running)._paused)
        (exchange,) = running.engine.exchanges
        assert exchange.upstream is not None
        assert exchange.upstream.transport.get_write_buffer_size() < len(piece)
        go_on.set()
        assert len(await client.read_exactly(32 * len(piece))) == 32 * len(piece)


@pytest.mark.parametrize("headers", [
    ("Connection: upgrade", "Upgrade: h2c", "HTTP2-Settings: x"),
    ("Connection: upgrade", "Upgrade: websocket, h2c"),
    ("Connection: upgrade",),
    ("Upgrade: websocket",),
    ("Connection: close", "Upgrade: websocket"),
    ("Connection: upgrade", "Upgrade: websocket", "Content-Length: 1"),
])  # fmt: skip
async def test_an_upgrade_that_cannot_be_made_is_not_asked_for(headers: tuple[str, ...]) -> None:
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(SWITCH)
        await reader.read(-1)

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request("/", *headers, close=False) + b"x")
        answer = await client.answer()
    assert answer.status == 502
    assert b"upgrade" not in seen[0].lower()
    assert b"http2-settings" not in seen[0].lower()


async def test_after_an_upgrade_that_was_declined_the_connection_ends() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
        assert await reader.read(-1) == b""

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(UPGRADE + b"\x81\x00GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await client.answer()
        assert (answer.status, answer.body, answer.closes) == (200, b"no", True)
        assert await client.read_to_end() == b""
        await running.hang_up()


async def test_a_protocol_that_was_not_asked_for_is_not_switched_to() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH.replace(b"websocket", b"h2c"))
        await reader.read(-1)

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(UPGRADE)
        assert (await client.read()).startswith(b"HTTP/1.1 502 ")
