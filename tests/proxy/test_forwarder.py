"""Attempts: what is asked again, of whom, and what is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.connector import Connector
from sidecar.ruleset.routes import Timeouts, Trust
from tests.proxy.client import Answer
from tests.proxy.harness import (
    NOBODY,
    Proxy,
    Recorder,
    Script,
    endpoint,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)
from tests.proxy.recorder import Ear, Heard

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class GoesStale:
    """Answers each connection's first request, and closes on the second one with ``last``."""

    def __init__(self, last: bytes = b"", answered: int = 1) -> None:
        self.last = last
        self.answered = answered
        self.heard: list[Heard] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear, served = Ear(), 0
        first = not self.connections
        self.connections += 1
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                self.heard.append(ear.heard[served])
                served += 1
                if served > self.answered and first:
                    writer.write(self.last)
                    return
                writer.write(OK)


async def ask(running: Proxy, raw: bytes, method: str = "GET") -> Answer:
    client = await running.connect()
    await client.send(raw)
    return await client.answer(method)


async def warm(running: Proxy) -> None:
    """Leave one idle connection in the pool."""
    assert (await ask(running, request())).status == 200


REPLAYED = {
    "GET": request(method="GET"),
    "HEAD": request(method="HEAD"),
    "OPTIONS": request(method="OPTIONS"),
    "DELETE": request(method="DELETE"),
    "PUT with a body": request("/", "Content-Length: 5", method="PUT", body=b"hello"),
    "PUT with chunks": request(
        "/", "Transfer-Encoding: chunked", method="PUT", body=b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"
    ),
}


@pytest.mark.parametrize("raw", REPLAYED.values(), ids=REPLAYED)
async def test_what_is_idempotent_is_sent_again_on_a_fresh_connection(raw: bytes) -> None:
    service = GoesStale()
    async with serving(service) as running:
        await warm(running)
        method = raw.partition(b" ")[0].decode()
        assert (await ask(running, raw, method)).status == 200
        _, record = running.records
        retries = running.meters.retries_total.counts["stale_connection"]
        failed = running.meters.find(method, 0, "stale_connection")
    assert service.connections == 2
    first, second = service.heard[1:]
    assert (first.method, first.body, first.trailers) == (
        method.encode(),
        second.body,
        second.trailers,
    )
    assert first.lasting == second.lasting
    assert [one.span_id for one in record.tries] == [first.parent, second.parent]
    assert [(one.status, one.reason) for one in record.tries] == [
        (0, "stale_connection"),
        (200, ""),
    ]
    assert (record.status, record.reason, record.attempts, retries) == (200, "", 2, 1)
    assert failed is not None


NOT_REPLAYED = {
    "POST": (request(method="POST"), b""),
    "PATCH": (request(method="PATCH"), b""),
    "of no known method": (request(method="PURGE"), b""),
    "POST with a body": (request("/", "Content-Length: 5", method="POST", body=b"hello"), b""),
    "GET after half a head": (request(), b"HTTP/1.1 200 OK\r\nCont"),
    "GET after an interim response": (request(), b"HTTP/1.1 100 Continue\r\n\r\n"),
    "GET after half a body": (request(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"),
}


@pytest.mark.parametrize("raw, last", NOT_REPLAYED.values(), ids=NOT_REPLAYED)
async def test_what_may_have_had_an_effect_is_sent_once(raw: bytes, last: bytes) -> None:
    service = GoesStale(last)
    async with serving(service) as running:
        await warm(running)
        client = await running.connect()
        await client.send(raw)
        answer = await client.read_to_end()
        await running.hang_up()
        _, record = running.records
    assert len(service.heard) == 2
    assert record.attempts == 1
    assert record.reason in ("stale_connection", "upstream_reset", "upstream_truncated")
    assert b"HTTP/1.1 502 " in answer or record.reason == "upstream_truncated"


async def test_a_body_too_large_to_be_kept_is_sent_once() -> None:
    service = GoesStale()
    size = 100_000
    async with serving(service) as running:
        await warm(running)
        raw = request("/", f"Content-Length: {size}", method="PUT", body=bytes(size))
        answer = await ask(running, raw)
        _, record = running.records
    assert (answer.status, record.reason, record.attempts) == (502, "stale_connection", 1)


async def test_a_connection_that_breaks_on_its_first_request_is_not_stale() -> None:
    service = GoesStale(answered=0)
    async with serving(service) as running:
        answer = await ask(running, request())
        (record,) = running.records
    assert (answer.status, record.reason, record.attempts) == (502, "upstream_reset", 1)


# --- endpoints that cannot be reached


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can for now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.mark.parametrize("raw", [
    request(), request(method="POST"),
    request("/", "Content-Length: 5", method="POST", body=b"hello"),
    request("/", "Transfer-Encoding: chunked", method="POST", body=b"5\r\nhello\r\n0\r\n\r\n"),
])  # fmt: skip
async def test_when_no_connection_can_be_made_another_endpoint_is_asked(
    raw: bytes, closed_port: int
) -> None:
    recorder = Recorder()
    async with upstream(recorder) as port:
        rules = rules_for([endpoint(closed_port), endpoint(port)])
        async with proxy(rules) as running:
            assert (await ask(running, raw)).status == 200
            (record,) = running.records
            first = running.engine.meters.client("app", f"127.0.0.1:{closed_port}")
    assert (record.endpoint, record.attempts) == (f"127.0.0.1:{port}", 1)
    assert recorder.whole[0].body in (b"", b"hello")
    assert first.connect_failures.counts["connect_failure"] == 1
    assert first.retries_total.counts["connect_failure"] == 1
    assert first.connections_open == 0


async def test_when_none_can_be_reached_each_was_tried_once(closed_port: int) -> None:
    endpoints = [endpoint(closed_port) for _ in range(3)]
    async with proxy(rules_for(endpoints)) as running:
        answer = await ask(running, request())
        (record,) = running.records
        meters = running.meters
    assert (answer.status, record.reason, record.attempts) == (502, "connect_failure", 0)
    assert meters.connect_failures.counts["connect_failure"] == 3
    assert [one.pool.open for one in endpoints] == [0, 0, 0]


@pytest.mark.parametrize("disclose, told", [("id", False), ("none", False), ("rule", True)])
async def test_what_the_system_says_of_a_connection_is_told_to_whom_all_is_disclosed(
    closed_port: int, disclose: str, told: bool
) -> None:
    trust = Trust(NOBODY, NOBODY, disclose=disclose)
    async with proxy(rules_for([endpoint(closed_port)], trust=trust)) as running:
        answer = await ask(running, request())
    assert answer.status == 502
    assert (b"Errno" in answer.body) is told


async def test_a_connection_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(_self: Connector) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Connector, "open", never)
    async with serving(Recorder(), pool=PoolSettings(connect_timeout=0.01)) as running:
        answer = await ask(running, request())
        (record,) = running.records
    assert (answer.status, record.reason) == (504, "connect_timeout")


async def test_without_endpoints_there_is_no_answer() -> None:
    async with proxy(rules_for([])) as running:
        answer = await ask(running, request())
        (record,) = running.records
    assert (answer.status, record.reason) == (503, "no_endpoint")


async def test_a_client_of_http_1_0_without_host_asks_the_endpoint_by_its_address() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        answer = await running.ask(b"GET / HTTP/1.0\r\n\r\n")
        (address,) = (one.name for one in running.engine.rules.clusters["app"].endpoints)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert recorder.whole[0].get("host") == address.encode()
    assert recorder.whole[0].version == b"1.1"


# --- deadlines


def silent(*, after: bytes = b"") -> Script:
    """Takes every request, sends ``after`` and no more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(after) if await reader.read(1) and after else None
        await reader.read(-1)

    return serve


@pytest.mark.parametrize("timeouts, before, after, reason", [
    (Timeouts(request=30, per_try=15), 14, 16, "per_try_timeout"),
    (Timeouts(request=15, per_try=15), 14, 16, "request_timeout"),
    (Timeouts(request=5, per_try=15), 4, 6, "request_timeout"),
])  # fmt: skip
@pytest.mark.parametrize("raw", [
    request(), request("/", "Content-Length: 2", method="POST", body=b"ab"),
])  # fmt: skip
async def test_an_upstream_that_does_not_answer_in_time_is_given_up(
    timeouts: Timeouts, before: float, after: float, reason: str, raw: bytes
) -> None:
    async with serving(silent(), timeouts=timeouts) as running:
        client = await running.connect()
        await client.send(raw)
        await until(
            lambda: any(one.request_sent and one.upstream for one in running.engine.exchanges)
        )
        running.look(before)
        assert running.engine.exchanges
        running.look(after)
        answer = await client.answer()
        (record,) = running.records
        (the_endpoint,) = running.engine.rules.clusters["app"].endpoints
        failed = running.meters.find(raw.split()[0].decode(), 0, reason)
        await running.hang_up()
    assert (answer.status, record.reason, record.attempts) == (504, reason, 1)
    assert the_endpoint.in_flight == 0
    assert failed is not None


async def test_while_the_request_is_still_coming_no_time_runs_out() -> None:
    async with serving(silent(), timeouts=Timeouts(request=5, per_try=5)) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 2", method="POST") + b"a")
        await until(lambda: any(one.bytes_received for one in running.engine.exchanges))
        running.look(9)
        assert running.engine.exchanges


async def test_once_the_answer_has_begun_it_may_take_its_time() -> None:
    answering = silent(after=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    async with serving(answering, timeouts=Timeouts(request=5, per_try=5)) as running:
        client = await running.connect()
        await client.send(request())
        await client.read_until(b"\r\n\r\na")
        running.look(30)
        assert running.engine.exchanges


async def test_a_client_that_goes_away_takes_its_attempt_with_it() -> None:
    async with serving(silent()) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        client.reset()
        await running.hang_up()
        (record,) = running.records
        (the_endpoint,) = running.engine.rules.clusters["app"].endpoints
        failed = running.meters.find("GET", 0, "client_gone")
    assert (record.status, record.reason, record.attempts) == (0, "client_gone", 1)
    assert the_endpoint.in_flight == 0
    assert failed is not None
