"""Retries on the wire: what is asked again, what the client sees of it, and what is kept sane."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import Mode
from sidecar.ruleset.routes import Timeouts
from tests.proxy.around import ask, chain, is_at_rest, readings, retries
from tests.proxy.gates import Told
from tests.proxy.harness import (
    endpoint,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)
from tests.proxy.planned import BUSY, OK, RESET, SILENT, Plan, answer

PUT = request("/", "Content-Length: 5", method="PUT", body=b"hello")
CHUNKED = request(
    "/", "Transfer-Encoding: chunked", method="PUT", body=b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"
)
WATCHED = frozenset({b"idempotency-key"})


# --- what is repeated


@pytest.mark.parametrize("first", [
    BUSY, RESET, answer(503, b""), b"no HTTP\r\n\r\n",
    b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n",
    b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbu",
    b"HTTP/1.1 503 X\r\nContent-Length: 40\r\n\r\nbusy",
    b"HTTP/1.1 503 X\r\n\r\nuntil it closes",
    b"HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\nbusy and more",
    b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" + BUSY,
])  # fmt: skip
@pytest.mark.parametrize("raw", [request(), PUT, CHUNKED], ids=["GET", "PUT", "chunked"])
async def test_the_client_sees_only_the_answer_that_is_wanted(raw: bytes, first: bytes) -> None:
    service, clause, gate = Plan.of(first, OK), retries(), Told()
    async with serving(service, chain=chain(clause, gate=gate)) as running:
        seen = await ask(running, raw, raw.partition(b" ")[0].decode())
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, seen.body) == (200, b"ok")
    assert len(service.heard) == 2
    before, after = service.heard
    assert (before.body, before.trailers, before.lasting) == (
        after.body, after.trailers, after.lasting,
    )  # fmt: skip
    assert [one.span_id for one in record.tries] == [before.parent, after.parent]
    assert (record.status, record.reason, record.attempts) == (200, "", 2)
    assert clause.tally.applied == 1
    assert readings(clause) == {"success": 1}
    outcome = gate.log[-1][3]
    assert isinstance(outcome, Outcome)
    assert [entry[1] for entry in gate.log] == ["peek", "take", "settle"]
    assert (outcome.verdict, outcome.upstream_status) == (OutcomeClass.SUCCESS, 200)


async def test_a_whole_answer_that_is_thrown_away_leaves_its_connection_usable() -> None:
    service = Plan.of(BUSY, OK)
    async with serving(service, chain=chain(retries())) as running:
        assert (await ask(running, request())).status == 200
        assert (await ask(running, request())).status == 200
        (meters,) = running.engine.meters.clients.values()
    assert (service.connections, service.came_by) == (1, [1, 1, 1])
    assert meters.retries_total.counts["retriable_status"] == 1
    assert meters.find("GET", 503) is not None


@pytest.mark.parametrize("first", [
    b"HTTP/1.1 503 X\r\nContent-Length: 40\r\n\r\nbusy",
    b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n",
])  # fmt: skip
async def test_what_is_left_of_an_answer_never_becomes_another_one(first: bytes) -> None:
    service = Plan.of(first, OK)
    async with serving(service, chain=chain(retries())) as running:
        for _ in range(3):
            assert (await ask(running, request())).body == b"ok"
    assert service.came_by == [1, 2, 2, 2]


async def test_when_all_tries_fail_the_last_answer_is_passed_on() -> None:
    service, clause, gate = Plan.of(RESET, BUSY, answer(503, b"last")), retries(at_most=2), Told()
    async with serving(service, chain=chain(clause, gate=gate)) as running:
        seen = await ask(running, request())
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, seen.body) == (503, b"last")
    assert (record.attempts, clause.tally.applied, len(service.heard)) == (3, 2, 3)
    assert readings(clause) == {"failure": 1}
    outcome = gate.log[-1][3]
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.upstream_status) == (OutcomeClass.FAILURE, 503)


async def test_a_try_that_takes_too_long_is_repeated() -> None:
    service, clause = Plan.of(SILENT, OK), retries()
    timeouts = Timeouts(request=30, per_try=5)
    async with serving(service, chain=chain(clause), timeouts=timeouts) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: service.heard)
        running.look(6)
        assert (await client.answer()).status == 200
        (meters,) = running.engine.meters.clients.values()
        assert is_at_rest(running)
    assert service.came_by == [1, 2]
    assert meters.retries_total.counts["per_try_timeout"] == 1


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can for now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


async def test_a_connect_that_fails_is_repeated_where_there_is_no_other_endpoint(
    closed_port: int,
) -> None:
    clause = retries(at_most=3)
    raw = request(method="POST")
    async with proxy(rules_for([endpoint(closed_port)], chain=chain(clause))) as running:
        seen = await ask(running, raw)
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, record.reason, record.attempts) == (502, "connect_failure", 0)
    assert clause.tally.applied == 3


async def test_another_endpoint_is_asked_first() -> None:
    first, second = Plan.of(BUSY), Plan.of(OK)
    async with upstream(first) as one, upstream(second) as two:
        rules = rules_for([endpoint(one), endpoint(two)], chain=chain(retries()))
        async with proxy(rules) as running:
            for _ in range(6):
                assert (await ask(running, request())).status == 200
    assert len(second.heard) == 6


# --- what is not


@pytest.mark.parametrize("raw, first, status", [
    (request(method="POST"), BUSY, 503),
    (request("/", "Content-Length: 2", method="PATCH", body=b"ab"), RESET, 502),
    (request(), answer(500), 500),
    (request(), answer(404), 404),
])  # fmt: skip
async def test_what_is_asked_once(raw: bytes, first: bytes, status: int) -> None:
    service, clause = Plan.of(first, OK), retries()
    async with serving(service, chain=chain(clause)) as running:
        assert (await ask(running, raw)).status == status
    assert (len(service.heard), clause.tally.applied) == (1, 0)


@pytest.mark.parametrize("fields, status", [((), 503), (("Idempotency-Key: 17",), 200)])
async def test_a_write_with_a_key_is_repeated(fields: tuple[str, ...], status: int) -> None:
    service = Plan.of(BUSY, OK)
    clause = retries(only_with_header="Idempotency-Key")
    async with serving(service, chain=chain(clause), watched=WATCHED) as running:
        raw = request("/", "Content-Length: 2", *fields, method="POST", body=b"ab")
        assert (await ask(running, raw)).status == status
    assert {*service.bodies} == {b"ab"}


@pytest.mark.parametrize("begun", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n",
])  # fmt: skip
async def test_nothing_is_repeated_once_a_byte_was_sent(begun: bytes) -> None:
    clause, connections = retries(on=["reset", "timeout", "5xx"]), 0

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)

    async with serving(half, chain=chain(clause)) as running:
        client = await running.connect()
        await client.send(request())
        assert b" 200 " in await client.read_to_end()
        (record,) = running.records
    assert (connections, clause.tally.applied) == (1, 0)
    assert (record.reason, record.attempts) == ("upstream_truncated", 1)


async def test_a_body_too_large_to_be_kept_is_sent_once() -> None:
    service, clause, size = Plan.of(BUSY, OK), retries(), 100_000
    async with serving(service, chain=chain(clause)) as running:
        raw = request("/", f"Content-Length: {size}", method="PUT", body=bytes(size))
        assert (await ask(running, raw)).status == 503
    assert readings(clause) == {"body_not_kept": 1}


async def test_beyond_its_budget_nothing_is_repeated() -> None:
    service, clause = Plan.of(BUSY, OK), retries(budget={"at_most": "20%", "at_least": 2})
    async with serving(service, chain=chain(clause)) as running:
        load = running.engine.retry_load("app")
        load.retrying = 2
        assert (await ask(running, request())).status == 503
        load.retrying = 0
        assert (await ask(running, request())).status == 200
    assert readings(clause) == {"budget_exhausted": 1}


async def test_when_everything_fails_a_budget_bounds_the_load() -> None:
    service, clause, requests = Plan.of(BUSY), retries(at_most=5), 100
    service.opens.clear()
    async with serving(service, chain=chain(clause)) as running:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(running, request())) for _ in range(requests)]
            await until(lambda: len(service.heard) == requests)
            service.opens.set()
        assert is_at_rest(running)
    assert {one.result().status for one in asked} == {503}
    assert requests + 20 <= len(service.heard) <= requests + 45


@pytest.mark.parametrize("said, status", [
    ("0", 200), ("1", 503), ("86400", 503), ("99999999999", 503), ("soon", 503),
    ("Wed, 25 Nov 2026 14:00:00 GMT", 200), ("Wed, 25 Nov 2099 14:00:00 GMT", 503),
])  # fmt: skip
async def test_when_to_come_back_is_obeyed_where_there_is_time(said: str, status: int) -> None:
    service, clause = Plan.of(answer(503, b"busy", f"Retry-After: {said}"), OK), retries()
    options: dict[str, Any] = {"chain": chain(clause), "timeouts": Timeouts(request=0.9)}
    async with serving(service, answers=frozenset({b"retry-after"}), **options) as running:
        assert (await ask(running, request())).status == status
    assert readings(clause) == ({"success": 1} if status == 200 else {"deadline_too_near": 1})


async def test_a_shadow_rule_counts_and_does_nothing() -> None:
    service, clause = Plan.of(BUSY, OK), retries(mode=Mode.SHADOW)
    async with serving(service, chain=chain(clause)) as running:
        assert (await ask(running, request())).status == 503
        assert is_at_rest(running)
    assert (clause.tally.applied, len(service.heard)) == (1, 1)


async def test_the_first_rule_that_holds_decides() -> None:
    service = Plan.of(BUSY, OK)
    keyed = retries(name="keyed", only_with_header="Idempotency-Key")
    other, last = retries(name="other", on="reset"), retries(name="last")
    async with serving(service, chain=chain(keyed, other, last), watched=WATCHED) as running:
        assert (await ask(running, request())).status == 503
        service.steps[:0] = [BUSY]
        assert (await ask(running, request("/", "Idempotency-Key: 1"))).status == 200
    assert [one.tally.applied for one in (keyed, other, last)] == [1, 0, 0]
