from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from sidecar.admin.server import AdminServer
from sidecar.admin.visitors import Visitors

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
ASKS = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BOUND = 2.0


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes connections to a server that has two places, and little patience."""
    app = web.Application()
    app.router.add_get("/", _hello)
    sock = socket.create_server(("127.0.0.1", 0))
    server = await AdminServer.start(app, sock, Visitors(most=2, first_question=0.2))
    port = sock.getsockname()[1]
    opened = []

    async def one() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        return reader, writer

    yield one
    for writer in opened:
        writer.close()
    await server.close()


async def test_one_connection_too_many_is_closed_at_once(connect: Connect) -> None:
    first, second = await connect(), await connect()
    for reader, writer in (first, second):
        writer.write(ASKS)
        assert b"200" in await reader.readline()
    reader, _ = await connect()
    assert await asyncio.wait_for(reader.read(), BOUND) == b""
    first[1].close()
    await first[1].wait_closed()
    await asyncio.sleep(0)
    reader, writer = await connect()
    writer.write(ASKS)
    assert b"200" in await reader.readline()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost"])
async def test_who_asks_nothing_has_to_go(connect: Connect, sent: bytes) -> None:
    reader, writer = await connect()
    writer.write(sent)
    assert await asyncio.wait_for(reader.read(), BOUND) == b""


async def test_who_has_asked_may_stay_for_the_next_question(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(ASKS)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.5)
    writer.write(ASKS)
    assert b"200" in await reader.readline()


@pytest.mark.parametrize(
    "sent", [b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"a" * 9000]
)
async def test_bytes_that_are_no_request_are_not_told(
    connect: Connect, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect()
    writer.write(sent)
    assert b" 400 " in await reader.readline()
    assert caplog.records == []
