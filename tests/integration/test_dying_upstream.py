"""kill -9 of the service in the middle of an answer, a dead one, a stuck one, and its return."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import scripted
from tests.integration.certificates import Authority
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, BrokenAnswer, Connection, ask, encoded
from tests.integration.dying_service import PIECE
from tests.integration.rule_text import rules
from tests.servers.ports import free_port, wait_until_listening
from tests.servers.processes import Process
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

SERVICE = Path(__file__).with_name("dying_service.py")

StartService = Callable[..., Process]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start_service(tmp_path: Path, port: int) -> Iterator[StartService]:
    """Starts the service, again and again on the same port."""
    with contextlib.ExitStack() as running:

        def start(*certificate: Path) -> Process:
            command: list[str | Path] = [sys.executable, SERVICE, str(port), *certificate]
            service = running.enter_context(Process("service", command, tmp_path / "service.log"))
            wait_until_listening(f"127.0.0.1:{port}")
            return service

        yield start


def reason_of(answer: Answer) -> tuple[int, str]:
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    assert answer.field("content-type") == "application/problem+json"
    return answer.status, problem["reason"]


async def begun(connection: Connection) -> None:
    """Read an answer as far as the service got with it."""
    assert (await connection.head())[0] == 200
    assert await connection.reader.readuntil(PIECE)


async def broken_end(connection: Connection) -> bytes:
    """What still comes until the connection ends; empty for a reset."""
    try:
        return await connection.end()
    except ConnectionResetError:
        return b""


@both_loops
async def test_killed_in_the_middle_of_an_answer(
    sidecar_process: SidecarStarter, start_service: StartService, port: int, loop: Loop
) -> None:
    service = start_service()
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}"), loop=loop)
    paths = ("/length", "/chunked", "/chunk")
    async with contextlib.AsyncExitStack() as stack:
        clients = {}
        for path in paths:
            clients[path] = client = await stack.enter_async_context(
                await Connection.open(sidecar.address)
            )
            await client.send(encoded(path))
            await begun(client)
        service.kill()
        for path, client in clients.items():
            rest = await broken_end(client)
            assert not rest.endswith(b"0\r\n\r\n"), f"{path} ends as if it were whole"
            assert len(rest) < 100, path
    await assert_dead_and_back(sidecar, start_service)
    truncated = metric(
        sidecar, "http_server_request_duration_seconds_count", error_type="upstream_truncated"
    )
    assert truncated == len(paths)


async def assert_dead_and_back(sidecar: SidecarProcess, start_service: StartService) -> None:
    assert reason_of(await ask(sidecar.address, "/")) == (502, "connect_failure")
    start_service()
    assert (await ask(sidecar.address, "/")).body == b"whole"


@both_loops
async def test_an_answer_that_ends_with_the_connection_is_broken_by_a_reset(
    sidecar_process: SidecarStarter, start_service: StartService, port: int, loop: Loop
) -> None:
    """A killed service with unread bytes resets: nothing else tells this cut from an end."""
    service = start_service()
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}"), loop=loop)
    async with (
        await Connection.open(sidecar.address) as modern,
        await Connection.open(sidecar.address) as old,
    ):
        unread = b"Content-Length: 200000\r\n\r\n" + bytes(200_000)
        await modern.send(b"POST /close HTTP/1.1\r\nHost: shop.example\r\n" + unread)
        await old.send(b"POST /close HTTP/1.0\r\n" + unread)
        for client in (modern, old):
            await begun(client)
        service.kill()
        rest = await broken_end(modern)
        assert not rest.endswith(b"0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await old.end()


@both_loops
async def test_over_tls_the_missing_farewell_tells_a_cut_from_an_end(
    sidecar_process: SidecarStarter,
    start_service: StartService,
    port: int,
    loop: Loop,
    tmp_path: Path,
) -> None:
    """RFC 9112, 9.8: without close_notify, what ends with the connection is incomplete."""
    authority = Authority(tmp_path / "authority")
    server = authority.issue("server")
    service = start_service(server.cert, server.key)
    app = {"url": f"https://127.0.0.1:{port}", "tls": {"ca": str(authority.ca)}}
    sidecar = sidecar_process(rules(app), loop=loop)
    async with await Connection.open(sidecar.address) as client:
        await client.send(encoded("/close"))
        await begun(client)
        service.kill()
        assert not (await broken_end(client)).endswith(b"0\r\n\r\n")


@both_loops
async def test_killed_before_the_answer(
    sidecar_process: SidecarStarter, start_service: StartService, port: int, loop: Loop
) -> None:
    service = start_service()
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}"), loop=loop)
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for path in ("/silent", "/head", "/early"):
            client = await stack.enter_async_context(await Connection.open(sidecar.address))
            await client.send(encoded(path))
            clients.append(client)
        assert (await clients[-1].head())[0] == 103
        in_flight = "sidecar_upstream_connections_open"
        await eventually(lambda: metric(sidecar, in_flight) == 3, "all are with the service")
        service.kill()
        for client in clients:
            answer = await client.answer()
            assert reason_of(answer) == (502, "upstream_reset")
            assert not answer.closes
        start_service()
        for client in clients:
            assert (await client.ask("/")).body == b"whole"


async def test_connections_that_died_while_idle_cost_no_request(
    sidecar_process: SidecarStarter, start_service: StartService, port: int
) -> None:
    """Also a POST: the pool looks before it sends."""
    service = start_service()
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}"))
    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(ask(sidecar.address, "/"))
        service.kill()
        service = start_service()
        answer = await ask(sidecar.address, "/", method="POST", fields=[("Content-Length", "0")])
        assert (answer.status, answer.body) == (200, b"whole")


async def test_one_of_two_is_dead(
    sidecar_process: SidecarStarter, start_service: StartService, port: int
) -> None:
    start_service()
    dead = f"127.0.0.1:{free_port()}"
    sidecar = sidecar_process(rules({"targets": [dead, f"127.0.0.1:{port}"]}))
    answers = [await ask(sidecar.address, "/", method="POST", body=b"x") for _ in range(4)]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"whole")}
    assert metric(sidecar, "sidecar_upstream_retries_total", reason="connect_failure") >= 1


async def test_an_upload_into_a_killed_service(
    sidecar_process: SidecarStarter, start_service: StartService, port: int
) -> None:
    service = start_service()
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}"))
    async with await Connection.open(sidecar.address) as client:
        head = b"POST /silent HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10000000\r\n\r\n"
        await client.send(head + bytes(1_000_000))
        connections = "sidecar_upstream_connections_open"
        await eventually(lambda: metric(sidecar, connections) == 1, "it is with the service")
        service.kill()
        answer = await client.answer()
        assert reason_of(answer) == (502, "upstream_reset")
        assert answer.closes, "what is left of the body is not read"


@both_loops
async def test_a_stuck_service(
    sidecar_process: SidecarStarter, start_service: StartService, port: int, loop: Loop
) -> None:
    start_service()
    routes = [
        {"name": "tries", "match": {"path": "/silent"}, "timeouts": {"per_try": "300ms"}},
        {"name": "stalls", "match": {"path": "/length"}, "timeouts": {"idle": "1s"}},
    ]
    sidecar = sidecar_process(rules(f"127.0.0.1:{port}", routes=routes), loop=loop)
    began = time.monotonic()
    assert reason_of(await ask(sidecar.address, "/silent")) == (504, "per_try_timeout")
    assert time.monotonic() - began >= 0.25
    async with await Connection.open(sidecar.address) as client:
        await client.send(encoded("/length"))
        await begun(client)
        # Silence in the middle of a body: too late for a status, not for a visible break.
        with pytest.raises(BrokenAnswer):
            await client.answer()
    assert (await ask(sidecar.address, "/")).body == b"whole"


@both_loops
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
async def test_a_farewell_makes_it_whole(
    sidecar_process: SidecarStarter, loop: Loop, secured: bool, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    body = PIECE * 10_000

    async def until_close(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        return False

    tls = authority.server(authority.issue("server")) if secured else None
    async with scripted.upstream(until_close, tls=tls) as address:
        app: dict[str, Any] = {"url": f"http://{address}"}
        if secured:
            app = {"url": f"https://{address}", "tls": {"ca": str(authority.ca)}}
        sidecar = await asyncio.to_thread(sidecar_process, rules(app), loop=loop)
        async with await Connection.open(sidecar.address) as client:
            for _ in range(2):
                answer = await client.ask("/")
                assert (answer.status, answer.body) == (200, body)
                assert answer.field("transfer-encoding") == "chunked"
