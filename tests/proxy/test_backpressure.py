"""Whoever is slow slows the other side down, and little is kept in between."""

from __future__ import annotations

import asyncio

from tests.proxy.harness import only, request, serving, until
from tests.proxy.recorder import Ear
from tests.proxy.scripts import head

SIZE = 48 << 20
BUFFERS = 1 << 20


async def test_a_client_that_reads_slowly_slows_the_upstream_down() -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head(f"Content-Length: {SIZE}"))
        piece = bytes(1 << 16)
        while written < SIZE:
            writer.write(piece)
            await writer.drain()
            written += len(piece)

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await until(lambda: running.listener.connections and only(running).is_unread)
        before = written
        for _ in range(100):
            await asyncio.sleep(0)
            assert only(running).transport.get_write_buffer_size() < BUFFERS
        assert written - before < 8 << 20
        assert len((await client.answer()).body) == SIZE
        assert not only(running).is_unread


async def test_an_upstream_that_reads_slowly_slows_the_client_down() -> None:
    go_on = asyncio.Event()
    size = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal size
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        while size < SIZE:
            size += len(await reader.read(1 << 16))
        writer.write(head("Content-Length: 2") + b"ok")

    async with serving(serve) as running:
        client = await running.connect()
        client.writer.write(request("/", f"Content-Length: {SIZE}", method="POST", close=False))
        client.writer.write(bytes(SIZE))
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        (exchange,) = running.engine.exchanges
        await until(lambda: exchange.bytes_received > BUFFERS and only(running).is_held_back)
        for _ in range(100):
            await asyncio.sleep(0)
            upstream = exchange.upstream
            assert upstream is not None
            assert upstream.transport.get_write_buffer_size() < BUFFERS
        go_on.set()
        assert (await client.answer()).body == b"ok"
    assert size == SIZE


async def test_while_nobody_takes_a_body_little_of_it_is_kept() -> None:
    """The request waits for a connection; its client is held back meanwhile."""

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        assert await reader.read(-1) == b""

    async with serving(serve) as running:
        (the_endpoint,) = running.engine.rules.clusters["app"].endpoints
        the_endpoint.pool.open = the_endpoint.pool.settings.max_connections
        client = await running.connect()
        client.writer.write(request("/", f"Content-Length: {SIZE}", method="POST") + bytes(SIZE))
        await until(lambda: running.listener.connections and only(running).is_held_back)
        (exchange,) = running.engine.exchanges
        assert exchange._held_bytes <= BUFFERS
        the_endpoint.pool.open = 0


async def test_what_a_client_pipelines_is_kept_up_to_a_bound() -> None:
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                await go_on.wait()
                writer.write(head("Content-Length: 2") + b"ok")

    requests = 500
    async with serving(serve) as running:
        client = await running.connect()
        client.writer.write(request("/" + "a" * 500, close=False) * requests)
        await until(lambda: running.listener.connections and only(running).is_held_back)
        assert len(only(running)._held) < BUFFERS
        go_on.set()
        for _ in range(requests):
            await client.read_until(b"\r\n\r\nok")
