from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import web

from sidecar.admin.server import AdminServer


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", _hello)
    return app


def listening(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen()
    sock.setblocking(False)
    return sock


async def ask(path: Path) -> str:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.get("http://sidecar/") as answer,
    ):
        return await answer.text()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def test_it_answers_on_a_unix_socket(runner: asyncio.Runner, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"

    async def story() -> None:
        server = await AdminServer.start(application(), listening(path))
        assert await ask(path) == "hello"
        await server.close()
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask(path)

    runner.run(story())


def test_it_answers_on_a_port(runner: asyncio.Runner) -> None:
    async def story() -> None:
        sock = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        server = await AdminServer.start(application(), sock)
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert await answer.text() == "hello"
        await server.close()

    runner.run(story())


def test_a_successor_serves_on_after_the_first_has_closed(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    path = tmp_path / "admin.sock"

    async def story() -> None:
        sock = listening(path)
        handed_over = sock.dup()
        first = await AdminServer.start(application(), sock)
        second = await AdminServer.start(application(), handed_over)
        await first.close()
        assert path.exists()
        assert await ask(path) == "hello"
        await second.close()

    runner.run(story())
