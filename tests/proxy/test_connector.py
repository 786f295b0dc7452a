"""Connections to one endpoint: how many, for how long, and who waits for one."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.cluster.endpoint import EndpointAddress
from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.clock import clock
from sidecar.proxy.connector import Connector
from sidecar.proxy.upstream import Upstream
from tests.proxy.client import Client
from tests.proxy.harness import (
    Proxy,
    Recorder,
    endpoint,
    only,
    request,
    rules_for,
    serving,
    until,
)
from tests.proxy.recorder import Ear

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gated:
    """Answers one request each time it is let; notes the targets in the order they came."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.targets: list[bytes] = []
        self.connections = 0
        self._let = asyncio.Semaphore(0)

    def let(self, answers: int = 1) -> None:
        for _ in range(answers):
            self._let.release()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                self.targets.append(ear.heard[-1].target)
                await self._let.acquire()
                writer.write(self.answer)


def connector_of(running: Proxy) -> Connector:
    (connector,) = running.engine.connectors()
    return connector


async def sent(running: Proxy, target: str, *, requests: int) -> Client:
    """A request that is on its way, the last of so many."""
    client = await running.connect()
    await client.send(request(target))
    await until(lambda: len(running.engine.exchanges) == requests)
    return client


async def test_requests_wait_for_a_connection_in_their_order() -> None:
    service = Gated()
    async with serving(service, pool=PoolSettings(max_connections=1)) as running:
        clients = [await sent(running, f"/{number}", requests=number) for number in (1, 2, 3)]
        service.let(3)
        answers = [await client.answer() for client in clients]
    assert [one.status for one in answers] == [200, 200, 200]
    assert service.targets == [b"/1", b"/2", b"/3"]
    assert service.connections == 1


async def test_more_than_may_wait_are_refused_at_once() -> None:
    service = Gated()
    settings = PoolSettings(max_connections=1, max_pending=1)
    async with serving(service, pool=settings) as running:
        first = await sent(running, "/1", requests=1)
        await until(lambda: service.targets)
        second = await sent(running, "/2", requests=2)
        third = await running.connect()
        await third.send(request("/3", close=False))
        refused = await third.answer()
        (record,) = running.records
        service.let(2)
        answers = [await first.answer(), await second.answer()]
        overflows = running.meters.pool_overflows
    assert (refused.status, refused.closes, record.reason) == (503, False, "pool_overflow")
    assert (record.attempts, overflows) == (0, 1)
    assert [one.status for one in answers] == [200, 200]


async def test_one_that_has_gone_away_is_not_waited_for() -> None:
    service = Gated()
    async with serving(service, pool=PoolSettings(max_connections=1)) as running:
        first = await sent(running, "/1", requests=1)
        second = await sent(running, "/2", requests=2)
        third = await sent(running, "/3", requests=3)
        second.reset()
        await until(lambda: len(running.engine.exchanges) == 2)
        service.let(2)
        assert [(await one.answer()).status for one in (first, third)] == [200, 200]
    assert service.targets == [b"/1", b"/3"]


async def test_no_more_connections_are_opened_than_are_needed() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        for _ in range(5):
            await client.send(request(close=False))
            assert (await client.answer()).status == 200
        meters = running.meters
        assert (meters.connects_total, meters.connections_open) == (1, 1)
    assert len(recorder.connections) == 1


async def test_the_most_recently_used_connection_is_used_first() -> None:
    service = Gated()
    async with serving(service) as running:
        clients = [await sent(running, "/", requests=number) for number in (1, 2)]
        service.let(2)
        for client in clients:
            await client.answer()
        pool = connector_of(running).pool
        await until(lambda: len(pool.idle) == 2)
        last = pool.idle[-1]
        assert connector_of(running).checkout(clock()) is last
        last.close()


@pytest.mark.parametrize("seconds, opened", [(0.0, 1), (9.9, 1), (10.1, 2)])
async def test_a_connection_that_was_idle_for_long_is_not_used(seconds: float, opened: int) -> None:
    service = Gated()
    service.let(2)
    async with serving(service, pool=PoolSettings(idle=10.0)) as running:
        await running.ask(request())
        (idle,) = connector_of(running).pool.idle
        idle.expires -= seconds
        await running.ask(request())
    assert service.connections == opened


@pytest.mark.parametrize("announced, kept", [
    (b"timeout=5", 4.0), (b"timeout=5, max=100", 4.0), (b"max=100, timeout=5", 4.0),
    (b"timeout=100", 60.0), (b"timeout=x", 60.0), (b"timeout=1", 0.0), (b"max=5", 60.0),
])  # fmt: skip
async def test_what_the_endpoint_says_of_keep_alive_is_believed(
    announced: bytes, kept: float
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: %b\r\nContent-Length: 0\r\n\r\n" % announced
    async with serving(Recorder(answer)) as running:
        running.sweep.look(clock())
        await running.ask(request())
        (idle,) = connector_of(running).pool.idle
        assert idle.expires == running.engine.now + kept


async def test_a_connection_does_not_grow_older_than_it_may() -> None:
    service = Gated()
    service.let(3)
    async with serving(service, pool=PoolSettings(age=100.0, idle=60.0)) as running:
        await running.ask(request())
        (idle,) = connector_of(running).pool.idle
        idle.retires -= 50
        await running.ask(request())
        assert idle.expires == idle.retires
        idle.retires -= 50.1
        running.sweep.look(clock())
        idle.expires += 1
        await running.ask(request())
        assert connector_of(running).pool.open == 0
    assert service.connections == 1


@pytest.mark.parametrize("answer, kept", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, close\r\n\r\n", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", True),
])  # fmt: skip
async def test_a_connection_is_kept_when_the_answer_says_so(answer: bytes, *, kept: bool) -> None:
    async with serving(Recorder(answer)) as running:
        client = await running.connect()
        await client.send(request(close=False))
        answered = await client.answer()
        assert running.meters.connections_open == kept
    assert not answered.closes
    assert answered.all("keep-alive") == []


async def test_one_that_waits_is_not_given_a_connection_that_says_more_than_it_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Gated()
    monkeypatch.setattr(Upstream, "is_quiet", lambda self: self.requests == 0)
    async with serving(service, pool=PoolSettings(max_connections=1)) as running:
        clients = [await sent(running, f"/{number}", requests=number) for number in (1, 2)]
        service.let(2)
        assert [(await one.answer()).status for one in clients] == [200, 200]
        assert running.meters.unsolicited_total == 1
    assert service.connections == 2


async def test_a_connection_that_has_not_taken_its_request_is_not_used_again() -> None:
    service = Gated()
    async with serving(service) as running:
        client = await sent(running, "/", requests=1)
        await until(lambda: service.targets)
        (exchange,) = running.engine.exchanges
        assert exchange.upstream is not None
        exchange.upstream.pause_writing()
        service.let()
        assert (await client.answer()).status == 200
        assert running.meters.connections_open == 0


# --- a reload that takes the endpoint away


async def test_what_runs_on_a_retired_endpoint_is_finished_and_nothing_is_kept() -> None:
    service = Gated()
    service.let()
    async with serving(service) as running:
        old = connector_of(running)
        await running.ask(request())
        busy = await sent(running, "/busy", requests=1)
        await until(lambda: b"/busy" in service.targets)
        running.engine.install(rules_for([endpoint(1)]))
        assert old.retired
        assert old.pool.idle == []
        service.let()
        assert (await busy.answer()).status == 200
        await until(lambda: not old.pool.open)
        running.look(0.0)
        # Nothing is left of an endpoint that is not used any more, without another reload.
        assert [one.endpoint.name for one in running.engine.connectors()] == ["127.0.0.1:1"]
        assert old.meters.requests_in_flight == 0


async def test_idle_connections_to_a_retired_endpoint_close_at_once() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        await running.ask(request())
        assert recorder.open == 1
        running.engine.install(rules_for([endpoint(1)]))
        await until(lambda: not recorder.open)
        assert [one.endpoint.name for one in running.engine.connectors()] == ["127.0.0.1:1"]


async def test_a_request_that_has_begun_keeps_its_endpoint_over_a_reload() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        raw = request("/", "Content-Length: 2", method="POST")
        await client.send(raw[:-10])
        await until(lambda: running.listener.connections and only(running)._held)
        await client.send(raw[-10:])
        await until(lambda: running.engine.exchanges)
        running.engine.install(rules_for([endpoint(1)], version="two"))
        await client.send(b"ok")
        assert (await client.answer()).status == 200
        (record,) = running.records
    assert record.version == "one"


@pytest.mark.parametrize("spelling", ["127.0.0.1", "127.1", "0", "0x7f000001", "::ffff:127.0.0.1"])
async def test_a_port_of_ours_is_not_reached_by_any_spelling(spelling: str) -> None:
    async with serving(Gated()) as running:
        connector = connector_of(running)
        port = connector.endpoint.address.port
        connector.endpoint.address = EndpointAddress(spelling, port)
        for ours in (b"127.0.0.1", b"0.0.0.0"):
            connector.endpoint.not_here = frozenset({(ours, b"%d" % port)})
            with pytest.raises(OSError, match="this sidecar itself"):
                await connector.open()
        # A service may well listen where the sidecar has the port of another address.
        others = {(b"127.0.0.1", b"%d" % (port + 1)), (b"10.0.0.5", b"%d" % port)}
        connector.endpoint.not_here = frozenset(others)
        (await connector.open()).close()
