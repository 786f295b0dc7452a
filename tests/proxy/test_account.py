"""Each exchange has its ids, and leaves one record and its counts."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.proxy.clock import clock
from sidecar.telemetry.record import ExchangeRecord
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import Proxy, Recorder, request, serving, until
from tests.proxy.recorder import Heard
from tests.proxy.scripts import head

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


async def accounted(*lines: str) -> tuple[Heard, ExchangeRecord]:
    """What is heard of a request with these fields, and its record."""
    recorder = Recorder()
    async with serving(recorder) as running:
        await running.ask(request("/a?b", *lines))
        (record,) = running.records
    return recorder.whole[0], record


async def test_a_trace_is_begun_where_there_is_none() -> None:
    heard, record = await accounted()
    assert len(record.trace_id) == 32
    assert len(record.span_id) == 16
    assert record.trace_id + record.span_id == (record.trace_id + record.span_id).lower()
    assert heard.get("traceparent") == b"00-%b-%b-00" % (record.trace_id, record.span_id)
    assert heard.get("x-request-id") == record.trace_id
    assert (record.parent_id, record.sampled) == (b"", False)


@pytest.mark.parametrize("flags, sampled", [("00", 0), ("01", 1), ("03", 1), ("02", 0)])
async def test_a_trace_is_continued(flags: str, sampled: int) -> None:
    heard, record = await accounted(
        f"traceparent: 00-{TRACE}-{PARENT}-{flags}", "Tracestate: a=b", "tracestate: c=d"
    )
    assert (record.trace_id, record.parent_id) == (TRACE.encode(), PARENT.encode())
    assert record.span_id != PARENT.encode()
    assert record.sampled == bool(sampled)
    said = heard.get("traceparent")
    assert said is not None
    assert said[:-2] == b"00-%b-%b-" % (TRACE.encode(), record.span_id)
    assert int(said[-2:], 16) & 1 == sampled
    assert heard.get("tracestate") == b"a=b, c=d"
    assert heard.get("x-request-id") == TRACE.encode()


@pytest.mark.parametrize("parent", [
    "garbage", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01",
])  # fmt: skip
async def test_a_trace_that_cannot_be_read_is_begun_anew(parent: str) -> None:
    heard, record = await accounted(f"traceparent: {parent}", "tracestate: a=b")
    assert (record.parent_id, record.sampled) == (b"", False)
    assert TRACE.encode() not in (heard.get("traceparent") or b"")
    assert heard.all("tracestate") == []


async def test_two_traces_are_none() -> None:
    one = f"traceparent: 00-{TRACE}-{PARENT}-01"
    heard, record = await accounted(one, one)
    assert record.parent_id == b""
    assert len(heard.all("traceparent")) == 1


@pytest.mark.parametrize("state", ["a=b, a=c", "=", "A=b", "a=b,c", ",".join(["a=b"] * 40)])
async def test_a_state_that_cannot_be_read_goes_no_further(state: str) -> None:
    heard, record = await accounted(f"traceparent: 00-{TRACE}-{PARENT}-01", f"tracestate: {state}")
    assert record.parent_id == PARENT.encode()
    assert heard.all("tracestate") == []


@pytest.mark.parametrize("given", ["abc-123", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "a" * 128])
@pytest.mark.parametrize("traced", [False, True])
async def test_a_request_id_is_kept(given: str, *, traced: bool) -> None:
    lines = [f"traceparent: 00-{TRACE}-{PARENT}-01"] if traced else []
    heard, _ = await accounted(f"X-Request-ID: {given}", *lines)
    assert heard.get("x-request-id") == given.encode()


@pytest.mark.parametrize("lines", [
    ("x-request-id: ",), ("x-request-id: a b",), ("x-request-id: " + "a" * 129,),
    ("x-request-id: a", "x-request-id: b"), ("x-request-id: \xe9",), ('x-request-id: "',),
])  # fmt: skip
async def test_a_request_id_that_is_none_is_replaced(lines: tuple[str, ...]) -> None:
    heard, record = await accounted(*lines)
    assert heard.get("x-request-id") == record.trace_id


async def test_ids_are_not_used_twice() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        for _ in range(20):
            await running.ask(request())
        records = running.records
    assert len({one.trace_id for one in records} | {one.span_id for one in records}) == 40


# --- the record


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
        exchange.asked -= 90
        go_on.set()
        await client.read_until(b"\r\n\r\no")
        exchange.started -= 1000
        exchange.asked -= 1000
        exchange.heard -= 1000
        exchange.told -= 1000
        go_on.set()
        assert await client.read() == b"k"
        (record,) = running.records
    assert 1100 < record.seconds < 1101
    assert 10 < record.overhead_seconds < 11


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
