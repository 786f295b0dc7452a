"""Being told to stop: what runs is finished, what is idle goes, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.client import connect as connect_websocket
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.integration import scripted
from tests.integration.clients.asking import ask_admin, eventually, is_ready
from tests.integration.clients.connection import BrokenAnswer, Connection
from tests.integration.rule_text import rules
from tests.integration.running import ended
from tests.servers.nginx import Nginx
from tests.servers.ports import Address, is_listening
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

BODY = b"worth waiting for"
#: An exit that waits for nothing, on a machine that is busy.
SOON_SECONDS = 10.0
#: Kernels hold some tens of megabytes for a connection that nobody reads, where they may.
MORE_THAN_ANY_BUFFER_BYTES = 1 << 30


@dataclass
class SlowApp:
    """Answers ``/slow`` when it is released, and everything else at once."""

    released: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if head.startswith(b"GET /slow"):
            self.asked.set()
            await self._wait(reader)
        elif head.startswith(b"GET /half"):
            writer.write(scripted.answer(BODY)[: 4 - len(BODY)])
            await self._wait(reader)
        writer.write(scripted.answer(BODY))
        return True

    async def _wait(self, reader: asyncio.StreamReader) -> None:
        """Until released; notices when the one who asked hangs up."""
        async with asyncio.TaskGroup() as group:
            released = group.create_task(self.released.wait())
            hung_up = group.create_task(reader.read(1))
            await asyncio.wait({released, hung_up}, return_when=asyncio.FIRST_COMPLETED)
            if hung_up.done():
                self.gone.set()
            released.cancel()
            hung_up.cancel()


@contextlib.asynccontextmanager
async def slow_request(
    start: SidecarStarter, loop: Loop = "uvloop", *arguments: str
) -> AsyncIterator[tuple[SidecarProcess, SlowApp, Connection]]:
    """A sidecar in the middle of a request, and the client that waits for its answer."""
    app = SlowApp()
    async with scripted.upstream(app) as address:
        sidecar = await asyncio.to_thread(start, rules(address), loop=loop, arguments=arguments)
        async with await Connection.open(sidecar.address) as client:
            await client.send(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            await app.asked.wait()
            yield sidecar, app, client


def not_ready(sidecar: SidecarProcess) -> bool:
    status, said = ask_admin(sidecar, "/readyz")
    return status == 503 and b"draining" in said


@both_loops
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_running_requests_are_finished(
    sidecar_process: SidecarStarter, loop: Loop, number: signal.Signals
) -> None:
    async with slow_request(sidecar_process, loop) as (sidecar, app, client):
        async with await Connection.open(sidecar.address) as idle:
            assert (await idle.ask("/")).body == BODY
            assert await asyncio.to_thread(is_ready, sidecar)
            sidecar.process.send_signal(number)
            await eventually(lambda: not_ready(sidecar), "readiness is red")
            assert (await asyncio.to_thread(ask_admin, sidecar, "/livez"))[0] == 200
            await eventually(lambda: not is_listening(sidecar.address), "the door is closed")
            assert await idle.end() == b"", "an idle connection goes, without an error"
        assert sidecar.process.exit_status is None
        app.released.set()
        answer = await client.answer()
        assert (answer.status, answer.body, answer.closes) == (200, BODY, True)
        assert await client.end() == b""
        assert await ended(sidecar, SOON_SECONDS) == 0
    assert not list(sidecar.state_dir.iterdir())


async def test_a_request_on_a_kept_connection_is_still_answered_while_draining(
    sidecar_process: SidecarStarter,
) -> None:
    async with slow_request(sidecar_process) as (sidecar, app, _):
        async with await Connection.open(sidecar.address) as kept:
            assert (await kept.ask("/")).closes is False
            sidecar.process.send_signal(signal.SIGTERM)
            await eventually(lambda: not_ready(sidecar), "readiness is red")
            answer = await kept.ask("/")
            assert (answer.status, answer.body, answer.closes) == (200, BODY, True)
        app.released.set()
        assert await ended(sidecar, SOON_SECONDS) == 0


async def test_an_upload_is_finished(sidecar_process: SidecarStarter) -> None:
    async def takes_upload(
        _: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(scripted.answer(await reader.readexactly(10)))
        return True

    async with scripted.upstream(takes_upload) as address:
        sidecar = await asyncio.to_thread(sidecar_process, rules(address))
        async with await Connection.open(sidecar.address) as client:
            await client.send(
                b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10\r\n\r\n01234"
            )
            sidecar.process.send_signal(signal.SIGTERM)
            await eventually(lambda: not_ready(sidecar), "readiness is red")
            await client.send(b"56789")
            answer = await client.answer()
            assert (answer.body, answer.closes) == (b"0123456789", True)
        assert await ended(sidecar, SOON_SECONDS) == 0


@both_loops
async def test_what_outlasts_the_bound_is_given_up(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    arguments = ("--drain", "0.3")
    async with slow_request(sidecar_process, loop, *arguments) as (sidecar, app, client):
        async with await Connection.open(sidecar.address) as halfway:
            await halfway.send(b"GET /half HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            assert (await halfway.head())[0] == 200
            sidecar.process.send_signal(signal.SIGTERM)
            answer = await client.answer()
            assert (answer.status, answer.closes) == (503, True)
            assert json.loads(answer.body)["reason"] == "drain_expired"
            assert await halfway.end() == BODY[:4], "what was begun is broken off"
        assert await ended(sidecar, SOON_SECONDS) == 0
        async with asyncio.timeout(SOON_SECONDS):
            await app.gone.wait()


@both_loops
async def test_a_client_that_does_not_read_holds_nothing_up(
    sidecar_process: SidecarStarter, nginx: Nginx, loop: Loop
) -> None:
    nginx.add_file("unread", MORE_THAN_ANY_BUFFER_BYTES)
    text = rules(nginx.address)
    sidecar = sidecar_process(text, loop=loop, arguments=["--drain", "0.3"])
    async with await Connection.open(sidecar.address, buffer_bytes=1 << 12) as client:
        await client.send(b"GET /files/unread HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert (await client.head())[0] == 200
        sidecar.process.send_signal(signal.SIGTERM)
        assert await ended(sidecar, SOON_SECONDS) == 0


@both_loops
async def test_a_second_signal_stops_at_once(sidecar_process: SidecarStarter, loop: Loop) -> None:
    async with slow_request(sidecar_process, loop) as (sidecar, _, client):
        sidecar.process.send_signal(signal.SIGTERM)
        await eventually(lambda: not_ready(sidecar), "readiness is red")
        sidecar.process.send_signal(signal.SIGINT)
        with pytest.raises((BrokenAnswer, ConnectionResetError)):
            await client.answer()
        assert await ended(sidecar, SOON_SECONDS) == 1
    assert not list(sidecar.state_dir.iterdir())


@both_loops
async def test_with_nothing_to_do_it_goes_at_once(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    sidecar = sidecar_process(rules(None), loop=loop)
    began = time.monotonic()
    sidecar.process.send_signal(signal.SIGTERM)
    assert await ended(sidecar, SOON_SECONDS) == 0
    assert time.monotonic() - began < SOON_SECONDS
    assert "Traceback" not in sidecar.log


async def test_a_client_that_never_asked_anything_holds_nothing_up(
    sidecar_process: SidecarStarter,
) -> None:
    limits = {"head_within": "1s"}
    sidecar = sidecar_process(rules(None, inbound={"limits": limits}))
    async with (
        await Connection.open(sidecar.address) as silent,
        await Connection.open(sidecar.address) as begun,
    ):
        await begun.send(b"GET / HT")
        sidecar.process.send_signal(signal.SIGTERM)
        assert await silent.end() == b""
        assert await ended(sidecar, 15.0) == 0


async def test_a_websocket_is_cut_at_the_bound_and_not_before(
    sidecar_process: SidecarStarter,
) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        address: Address = f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        arguments = ["--drain", "1"]
        sidecar = await asyncio.to_thread(sidecar_process, rules(address), arguments=arguments)
        async with connect_websocket(f"ws://{sidecar.address}/") as client:
            await client.send("before")
            assert await client.recv() == "before"
            sidecar.process.send_signal(signal.SIGTERM)
            await eventually(lambda: not_ready(sidecar), "readiness is red")
            await client.send("while draining")
            assert await client.recv() == "while draining"
            with pytest.raises(ConnectionClosed):
                await client.recv()
        assert await ended(sidecar, SOON_SECONDS) == 0
