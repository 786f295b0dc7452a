"""Each exchange leaves one record and its counts."""

from __future__ import annotations

import asyncio

from sidecar.cluster.pool import PoolSettings
from sidecar.model.http import RequestHead
from sidecar.model.verdict import Park, Place, Verdict
from sidecar.proxy.clock import clock
from sidecar.ruleset.routes import Chain
from tests.proxy.gates import Told, refusing_chain, step
from tests.proxy.harness import Proxy, Recorder, request, serving, until
from tests.proxy.planned import OK, Plan
from tests.proxy.scripts import head


async def test_the_record_of_a_request_says_what_happened() -> None:
    recorder = Recorder(head("Content-Length: 5", status="201 Created") + b"hello")
    async with serving(recorder) as running:
        started = clock()
        raw = request("/a?b=c", "Content-Length: 3", method="POST", body=b"abc")
        await running.ask(raw)
        took = clock() - started
        (record,) = running.records
        (endpoint,) = running.engine.rules.clusters["app"].endpoints
    assert (record.listener, record.route, record.upstream) == ("inbound", "other", "app")
    assert (record.method, record.host, record.target) == ("POST", b"shop.example", b"/a?b=c")
    assert (record.status, record.reason, record.rule) == (201, "", "")
    assert (record.client, record.endpoint, record.attempts) == (b"127.0.0.1", endpoint.name, 1)
    assert (record.bytes_received, record.bytes_sent) == (3, 5)
    assert started <= record.started <= started + took
    assert 0 < record.overhead_seconds <= record.seconds <= took
    assert (record.shadow, record.version) == ((), "one")


async def test_waiting_for_the_upstream_is_not_our_time() -> None:
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        writer.write(head("Content-Length: 2") + b"o")
        go_on.clear()
        await go_on.wait()
        writer.write(b"k")

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        (exchange,) = running.engine.exchanges
        exchange.started -= 100
        exchange.waited_from -= 90
        exchange.asked -= 90
        go_on.set()
        await client.read_until(b"\r\n\r\no")
        exchange.started -= 1000
        exchange.waited_from -= 1000
        exchange.asked -= 1000
        exchange.heard -= 1000
        exchange.told -= 1000
        go_on.set()
        assert await client.read() == b"k"
        (record,) = running.records
    assert 1100 < record.seconds < 1101
    assert 10 < record.overhead_seconds < 11


class Thoughtful(Told):
    """Takes its time to decide."""

    def peek(self, request: RequestHead, now: float) -> Verdict:
        until_then = clock() + 0.03
        while clock() < until_then:
            pass
        return super().peek(request, now)


async def test_what_rules_take_to_decide_is_our_time_and_not_the_upstreams() -> None:
    async with serving(Plan.of(OK, OK), chain=Chain((step(Thoughtful()),))) as running:
        # The second one finds a connection.
        client = await running.connect()
        for _ in range(2):
            await client.send(request(close=False))
            await client.answer()
        for record in running.records:
            [attempt] = record.tries
            assert record.overhead_seconds >= 0.03
            assert attempt.asked - record.started >= 0.03


class Later(Told):
    """Lets a request wait for its turn."""

    def peek(self, request: RequestHead, now: float) -> Verdict:
        if not self.log:
            super().peek(request, now)
            return Park(now + 0.05, Place())
        return super().peek(request, now)


async def test_waiting_for_its_turn_is_not_our_time() -> None:
    async with serving(Plan.of(OK), chain=Chain((step(Later()),))) as running:
        await running.ask(request())
        (record,) = running.records
    assert record.overhead_seconds <= record.seconds - 0.05


async def test_waiting_for_its_turn_in_vain_is_not_our_time_either() -> None:
    forever = Told(Park(clock() + 3600, Place()))
    async with serving(Plan.of(OK), chain=Chain((step(forever),))) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: bool(running.engine.exchanges))
        (exchange,) = running.engine.exchanges
        exchange.started -= 100
        exchange.parked_since -= 100
        client.reset()
        await until(lambda: not running.engine.exchanges)
        (record,) = running.records
    assert record.seconds > 100
    assert record.overhead_seconds < 100


async def test_waiting_for_a_connection_is_not_our_time() -> None:
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            await go_on.wait()
            writer.write(head("Content-Length: 2") + b"ok")

    async with serving(serve, pool=PoolSettings(max_connections=1)) as running:
        first, second = await running.connect(), await running.connect()
        await first.send(request())
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        await second.send(request())
        await until(lambda: len(running.engine.exchanges) == 2)
        [waits] = [one for one in running.engine.exchanges if not one.upstream]
        waits.started -= 100
        waits.waited_from -= 99
        go_on.set()
        await first.answer()
        await second.answer()
        *_, record = running.records
    assert record.seconds > 100
    assert 1 < record.overhead_seconds < 2


# --- counts


def meters_of(running: Proxy, method: str, status: int, reason: str = "") -> int:
    cell = running.engine.meters.server("inbound", "other").find(method, status, reason)
    return 0 if cell is None else cell.count


async def test_requests_and_attempts_are_counted_by_how_they_ended() -> None:
    async with serving(Recorder(head("Content-Length: 2") + b"ok")) as running:
        for _ in range(3):
            await running.ask(request())
        await running.ask(request("/", "Content-Length: 4", method="PURGE", body=b"abcd"))
        assert meters_of(running, "GET", 200) == 3
        assert meters_of(running, "_OTHER", 200) == 1
        asked = running.meters.find("GET", 200)
        assert asked is not None
        assert asked.count == 3
        listener = running.engine.meters.listener("inbound")
        assert (listener.bytes_received, listener.bytes_sent) == (4, 8)
        assert listener.overhead.count == 4
        assert running.engine.meters.server("inbound", "other").in_flight == 0


async def test_what_we_refuse_is_counted_and_asks_nobody() -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        await running.ask(request())
        assert meters_of(running, "GET", 429, "rate_limited") == 1
        (record,) = running.records
        assert running.engine.meters.server("inbound", "other").in_flight == 0
    assert record.overhead_seconds == record.seconds
    assert (record.attempts, record.endpoint) == (0, "")


async def test_requests_in_flight_are_counted() -> None:
    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with serving(never) as running:
        for number in (1, 2):
            client = await running.connect()
            await client.send(request())
            await until(lambda: len(running.engine.exchanges) == number)  # noqa: B023 - at once
        server = running.engine.meters.server("inbound", "other")
        assert server.in_flight == 2
        for client in running.clients:
            client.reset()
        await until(lambda: not server.in_flight)
        assert meters_of(running, "GET", 0, "client_gone") == 2
