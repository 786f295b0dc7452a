"""The load driver against real sockets: what it measures is what happened."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import msgspec
import pytest

from demo_services.load.driver import run
from demo_services.load.plan import Client, Plan, Request, Step
from demo_services.load.report import Report, Second

#: Measures.
pytestmark = pytest.mark.alone

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"

#: Given the peer's address and the request's head, the bytes to answer with; none: hang up.
Answering = Callable[[str, bytes], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def _server(answering: Answering) -> AsyncIterator[int]:
    """A keep-alive server on a free port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")[0]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while answer := await answering(peer, await reader.readuntil(b"\r\n\r\n")):
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _plan(port: int, *clients: Client, **settings: float) -> Plan:
    return msgspec.structs.replace(Plan(host="127.0.0.1", port=port, clients=clients), **settings)


def _client(
    per_second: float,
    seconds: float = 0.5,
    *,
    name: str = "one",
    source: str | None = None,
    connections_at_most: int = 128,
    spacing: Literal["even", "poisson"] = "even",
) -> Client:
    step = Step(phase="all", seconds=seconds, per_second=per_second, spacing=spacing)
    return Client(
        name=name,
        steps=(step,),
        source=source,
        connections=2,
        connections_at_most=connections_at_most,
    )


async def _offer(plan: Plan) -> tuple[Report, list[Second]]:
    seconds: list[Second] = []
    return await run(plan, seconds.append), seconds


async def _always_ok(_peer: str, _head: bytes) -> bytes:
    return OK


async def test_every_request_of_the_plan_is_sent_and_counted() -> None:
    async with _server(_always_ok) as port:
        report, seconds = await _offer(_plan(port, _client(100, seconds=1.2)))
    [part] = report.phases
    assert part.offered == 120
    assert part.statuses == {200: 120}
    assert part.failed == 0
    assert [second.second for second in seconds] == [1, 2]
    assert sum(second.clients[0].admitted for second in seconds) == 120
    assert report.driver.lag.count == 120


async def test_each_client_comes_from_its_own_address() -> None:
    peers: dict[str, int] = {}

    async def note(peer: str, _head: bytes) -> bytes:
        peers[peer] = peers.get(peer, 0) + 1
        return REFUSED if peer == "127.0.0.2" else OK

    async with _server(note) as port:
        report, _ = await _offer(
            _plan(
                port,
                _client(40, name="refused", source="127.0.0.2"),
                _client(20, name="admitted", source="127.0.0.3"),
            )
        )
    assert peers == {"127.0.0.2": 20, "127.0.0.3": 10}
    [refused], [admitted] = (report.select(client=name) for name in ("refused", "admitted"))
    assert (refused.refused.count, refused.admitted.count) == (20, 0)
    assert (admitted.refused.count, admitted.admitted.count) == (0, 10)
    assert report.refusal is not None
    assert report.refusal.field("retry-after") == "1"


async def test_a_stall_is_felt_by_everybody_who_came_during_it() -> None:
    """No coordinated omission: who arrives while the server stands still has waited since then."""
    began = asyncio.get_running_loop().time()
    stall_seconds = 0.4

    async def stall(_peer: str, _head: bytes) -> bytes:
        # From 0.2 s on nobody is answered until 0.6 s have gone.
        elapsed = asyncio.get_running_loop().time() - began
        if 0.2 <= elapsed < 0.2 + stall_seconds:
            await asyncio.sleep(0.2 + stall_seconds - elapsed)
        return OK

    async with _server(stall) as port:
        # One connection would hide it from a driver that waits for answers.
        client = _client(100, seconds=1, connections_at_most=2)
        report, _ = await _offer(_plan(port, client))
    [part] = report.phases
    assert part.statuses == {200: 100}
    # 40 arrivals in the stall wait between 0 and 0.4 s: a fifth of all waits over 0.2 s.
    assert part.admitted.max_ms >= stall_seconds * 1000 * 0.9
    assert part.admitted.p90_ms >= 250
    assert part.admitted.p50_ms <= 200
    assert report.driver.waiting_at_most >= 20


async def test_what_gets_no_answer_is_given_up_on_wherever_it_waits() -> None:
    async def never(_peer: str, _head: bytes) -> bytes:
        await asyncio.sleep(30)
        return OK

    async with _server(never) as port:
        client = _client(50, seconds=0.2, connections_at_most=3)
        report, _ = await _offer(_plan(port, client, timeout_seconds=0.4))
    [part] = report.phases
    assert part.offered == 10
    assert sum(part.errors.values()) == 10
    assert part.errors["timeout"] >= 3
    assert set(part.errors) <= {"timeout", "timeout_unsent"}


async def test_hang_ups_are_errors_and_the_load_goes_on() -> None:
    requests = 0

    async def every_third_hangs_up(_peer: str, _head: bytes) -> bytes:
        nonlocal requests
        requests += 1
        return b"" if requests % 3 == 0 else OK

    async with _server(every_third_hangs_up) as port:
        report, _ = await _offer(_plan(port, _client(60)))
    [part] = report.phases
    assert part.errors == {"closed": 10}
    assert part.statuses == {200: 20}
    assert report.driver.connections_opened > 2


async def test_a_server_that_closes_after_each_answer_is_no_error() -> None:
    async def close(_peer: str, _head: bytes) -> bytes:
        return OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    async with _server(close) as port:
        report, _ = await _offer(_plan(port, _client(60)))
    [part] = report.phases
    assert part.statuses == {200: 30}
    assert part.errors == {}
    assert report.driver.connections_opened >= 30


async def test_nonsense_is_a_broken_answer() -> None:
    async def nonsense(_peer: str, _head: bytes) -> bytes:
        return b"what?\r\n\r\n"

    async with _server(nonsense) as port:
        report, _ = await _offer(_plan(port, _client(20)))
    assert report.errors() == {"broken_answer": 10}


async def test_requests_go_out_in_turn() -> None:
    lines: list[bytes] = []

    async def note(_peer: str, head: bytes) -> bytes:
        lines.append(head.split(b"\r\n")[0])
        return OK.removesuffix(b"ok") if head.startswith(b"HEAD") else OK

    requests = (Request(path="/a"), Request(method="HEAD", path="/b"))
    async with _server(note) as port:
        client = msgspec.structs.replace(_client(20), requests=requests)
        report, _ = await _offer(_plan(port, client))
    assert lines == [b"GET /a HTTP/1.1", b"HEAD /b HTTP/1.1"] * 5
    assert report.statuses() == {200: 10}


async def test_a_target_that_is_not_there_is_said_at_once() -> None:
    async with _server(_always_ok) as port:
        pass
    with pytest.raises(OSError, match=str(port)):
        await _offer(_plan(port, _client(20)))


async def test_the_same_seed_gives_the_same_arrivals() -> None:
    async with _server(_always_ok) as port:
        plan = _plan(port, _client(100, spacing="poisson"))
        one, _ = await _offer(plan)
        two, _ = await _offer(plan)
    assert one.phases[0].offered == two.phases[0].offered > 0


def _command(plan: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo_services.load", "-"],
        input=plan,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


async def test_as_a_command_it_tells_each_second_and_then_the_whole() -> None:
    async with _server(_always_ok) as port:
        plan = msgspec.json.encode(_plan(port, _client(20, seconds=2))).decode()
        done = await asyncio.to_thread(_command, plan)
    events = [msgspec.json.decode(line, type=Second | Report) for line in done.stdout.splitlines()]
    assert [type(event) for event in events] == [Second, Second, Report]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "plan,problem",
    [
        ("{", "not a plan"),
        ('{"host": "127.0.0.1", "port": "x", "clients": []}', "not a plan"),
    ],
)
def test_as_a_command_it_says_what_is_wrong_with_the_plan(plan: str, problem: str) -> None:
    done = _command(plan)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stdout == ""
