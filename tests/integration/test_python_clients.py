"""aiohttp, httpx and websockets through the proxy, and events that must not wait for each other."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Connection
from tests.integration.rule_text import rules
from tests.servers.nginx import LARGE_BODY_BYTES, SMALL_BODY, Nginx
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

PIECE = os.urandom(64 * 1024)
PIECES = 40
CHAT = Subprotocol("chat.v1")


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(PIECES):
        yield PIECE


class TestAiohttp:
    async def test_many_at_once_on_few_connections(self, plain: SidecarProcess) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=8)) as session:

            async def ask(_: int) -> bytes:
                async with session.get(f"{plain.url}/small") as answer:
                    assert answer.status == 200
                    return await answer.read()

            assert set(await asyncio.gather(*map(ask, range(200)))) == {SMALL_BODY}

    async def test_streamed_up_and_down(self, plain: SidecarProcess) -> None:
        url = f"{plain.url}/store/aiohttp"
        async with aiohttp.ClientSession() as session:
            async with session.put(url, data=pieces()) as answer:
                assert answer.status in {201, 204}
            digest = hashlib.sha256()
            async with session.get(url) as answer:
                async for piece in answer.content.iter_chunked(10_000):
                    digest.update(piece)
        assert digest.digest() == hashlib.sha256(PIECE * PIECES).digest()

    async def test_waits_for_100_continue(self, plain: SidecarProcess) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{plain.url}/store/expects", data=PIECE, expect100=True) as answer,
        ):
            assert answer.status in {201, 204}

    async def test_gives_up_in_the_middle_of_a_body(self, plain: SidecarProcess) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{plain.url}/large") as answer,
        ):
            assert await answer.content.readexactly(1000) == bytes(1000)
            answer.close()
        await eventually(
            lambda: metric(plain, "sidecar_requests_in_flight") == 0, "the request is given up"
        )


class TestHttpx:
    def test_plainly(self, plain: SidecarProcess) -> None:
        with httpx.Client(base_url=plain.url) as client:
            assert client.get("/small").content == SMALL_BODY
            assert client.post("/echo", json={"a": 1}).status_code == 200
            assert client.head("/large").headers["content-length"] == str(LARGE_BODY_BYTES)
            assert client.get("/status/301", follow_redirects=True).content == SMALL_BODY
            assert client.get("/chunked").text.startswith("without a length")

    async def test_streamed_up_and_down(self, plain: SidecarProcess, nginx: Nginx) -> None:
        async with httpx.AsyncClient(base_url=plain.url) as client:
            answer = await client.put("/store/httpx", content=pieces())
            assert answer.status_code in {201, 204}
            assert nginx.stored("httpx").read_bytes() == PIECE * PIECES
            async with client.stream("GET", "/large") as streamed:
                sizes = [len(piece) async for piece in streamed.aiter_raw()]
            assert sum(sizes) == LARGE_BODY_BYTES

    async def test_many_at_once(self, plain: SidecarProcess) -> None:
        limits = httpx.Limits(max_connections=8)
        async with httpx.AsyncClient(base_url=plain.url, limits=limits) as client:
            answers = await asyncio.gather(*(client.get("/small") for _ in range(100)))
        assert {(answer.status_code, answer.content) for answer in answers} == {(200, SMALL_BODY)}


# --- WebSockets


async def echo(connection: ServerConnection) -> None:
    """What comes goes back; ``close`` closes, ``flood`` sends a hundred messages unasked."""
    async for message in connection:
        if message == "close":
            await connection.close(4001, "as asked")
        elif message == "flood":
            for number in range(100):
                await connection.send(f"{number}:" + "x" * 10_000)
        else:
            await connection.send(message)


@pytest.fixture
async def websockets(
    sidecar_process: SidecarStarter, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The URL of a WebSocket echo behind the proxy."""
    protocols = [Subprotocol("chat.v2"), CHAT]
    loop: Loop = request.param
    async with serve(echo, "127.0.0.1", 0, subprotocols=protocols, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        text = rules(f"127.0.0.1:{port}")
        sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
        yield f"ws://{sidecar.address}/chat"


tunnels = pytest.mark.parametrize("websockets", ["uvloop", "asyncio"], indirect=True)


@tunnels
async def test_websocket(websockets: str) -> None:
    large = os.urandom(4 << 20)
    async with connect(websockets, subprotocols=[CHAT], max_size=None, compression=None) as client:
        assert client.subprotocol == CHAT
        await client.send("hello")
        assert await client.recv() == "hello"
        await client.send(large)
        assert await client.recv() == large
        # Both directions at once, each with more than any buffer on the way holds.
        await client.send("flood")
        sending = asyncio.create_task(client.send(large))
        flood = [await client.recv() for _ in range(100)]
        assert [str(message).partition(":")[0] for message in flood] == [*map(str, range(100))]
        await sending
        assert await client.recv() == large
        latency = await (await client.ping())
        assert latency >= 0


@tunnels
async def test_websocket_closed_by_either_side(websockets: str) -> None:
    async with connect(websockets, subprotocols=[CHAT]) as client:
        await client.send("close")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (4001, "as asked")
    async with connect(websockets, subprotocols=[CHAT]) as client:
        await client.close(4002, "enough")
    assert client.close_code == 4002


@tunnels
async def test_fifty_websockets_at_once(websockets: str) -> None:
    async def talk(number: int) -> None:
        async with connect(websockets, subprotocols=[CHAT]) as client:
            for turn in range(5):
                await client.send(f"{number}-{turn}")
                assert await client.recv() == f"{number}-{turn}"

    await asyncio.gather(*map(talk, range(50)))


async def test_a_rule_refuses_a_websocket_before_the_tunnel(
    sidecar_process: SidecarStarter,
) -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        denied = [{"name": "no", "match": {"path": "/no"}, "deny": {"client_ip": ["127.0.0.1"]}}]
        text = rules(f"127.0.0.1:{port}", access=denied)
        sidecar = await asyncio.to_thread(sidecar_process, text)
        async with connect(f"ws://{sidecar.address}/yes") as client:
            await client.send("hello")
            assert await client.recv() == "hello"
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{sidecar.address}/no"):
                pass
        assert refused.value.response.status_code == 403


# --- server-sent events


@both_loops
@pytest.mark.parametrize("framing", ["chunked", "until close"])
async def test_events_arrive_as_they_are_sent(
    sidecar_process: SidecarStarter, loop: Loop, framing: str
) -> None:
    """The service sends the next event only when the client has the one before."""
    arrived = asyncio.Semaphore(0)

    async def events(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = [b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream"]
        chunked = framing == "chunked"
        lines += [b"Transfer-Encoding: chunked"] if chunked else [b"Connection: close"]
        writer.write(b"\r\n".join([*lines, b"", b""]))
        for number in range(10):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event) if chunked else event)
            await arrived.acquire()
        writer.write(b"0\r\n\r\n" if chunked else b"")
        return chunked

    async with scripted.upstream(events) as app:
        sidecar = await asyncio.to_thread(sidecar_process, rules(app), loop=loop)
        got = []
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{sidecar.url}/events") as answer,
        ):
            assert answer.content_type == "text/event-stream"
            async with asyncio.timeout(10):
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        got.append(int(line[6:]))
                        arrived.release()
        assert got == list(range(10))


async def test_a_stream_that_its_reader_leaves_is_not_read_on(
    sidecar_process: SidecarStarter,
) -> None:
    left = asyncio.Event()

    async def endless(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        with contextlib.suppress(OSError):
            while not reader.at_eof():
                writer.write(b"data: still here\n\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        left.set()
        return False

    async with scripted.upstream(endless) as app:
        sidecar = await asyncio.to_thread(sidecar_process, rules(app))
        async with await Connection.open(sidecar.address) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            assert (await client.head())[0] == 200
        async with asyncio.timeout(5):
            await left.wait()
