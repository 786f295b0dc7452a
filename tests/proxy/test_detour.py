"""Fallbacks that ask another upstream: what it is asked, and who hears how it ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sidecar.model.outcome import OutcomeClass
from sidecar.model.verdict import Park, Place
from sidecar.proxy.drain import drain
from sidecar.ruleset.routes import Chain
from tests.proxy.around import ask, degraded, fallback, is_at_rest, towards
from tests.proxy.fallbacks import ELSEWHERE, FAIL, STATIC, TIMEOUTS, chain, outcome, two
from tests.proxy.gates import REFUSAL, Told, step
from tests.proxy.harness import (
    Proxy,
    Recorder,
    endpoint,
    proxy,
    request,
    rules_for,
    until,
    upstream,
)
from tests.proxy.planned import BUSY, OK, RESET, SILENT, Plan, answer

# --- another upstream

BODIES = {
    "GET": request(),
    "HEAD": request(method="HEAD"),
    "POST": request("/", "Content-Length: 5", method="POST", body=b"hello"),
    "chunked": request(
        "/", "Transfer-Encoding: chunked", method="PUT", body=b"5\r\nhello\r\n0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("how", FAIL.values(), ids=FAIL)
async def test_another_upstream_is_asked_the_same(raw: bytes, how: bytes) -> None:
    service, other, clause = Plan.of(how), Plan.of(answer(200, b"cell b")), fallback(ELSEWHERE)
    mine, theirs = Told(), Told(name="theirs")
    method = raw.partition(b" ")[0].decode()
    async with two(service, other, chain(clause, gate=mine), Chain((step(theirs),))) as running:
        seen = await ask(running, raw, method)
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, seen.get("x-degraded")) == (200, b"stock")
    assert seen.body == (b"" if method == "HEAD" else b"cell b")
    assert other.heard[0].body == service.heard[0].body
    assert (record.upstream, record.fallback, record.attempts) == ("other", "fallbacks/stock", 2)
    assert outcome(mine).verdict is OutcomeClass.FAILURE
    assert outcome(theirs).verdict is OutcomeClass.SUCCESS
    assert degraded(clause) == {"1-upstream": 1}


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES)
async def test_it_is_asked_when_the_rules_refuse(raw: bytes) -> None:
    other, clause = Plan.of(OK), fallback(ELSEWHERE, when="rate_limited")
    async with two(Recorder(), other, chain(clause, gate=Told(REFUSAL))) as running:
        seen = await ask(running, raw, raw.partition(b" ")[0].decode())
        (record,) = running.records
    assert (seen.status, record.rule, record.attempts) == (200, "told/gate", 1)
    assert other.heard[0].body == (b"hello" if b"hello" in raw else b"")


@pytest.mark.parametrize("how", [BUSY, RESET, SILENT, None])
async def test_what_fails_there_too_goes_to_the_next_step(how: bytes | None) -> None:
    clause, theirs = fallback(ELSEWHERE, STATIC), Told(name="theirs")
    service = Plan.of(BUSY)
    async with upstream(service) as one, upstream(Plan.of(how or OK)) as another:
        rules = rules_for([endpoint(one)], chain=chain(clause), timeouts=TIMEOUTS)
        port = None if how is None else another
        async with proxy(towards(rules, port, Chain((step(theirs),)))) as running:
            client = await running.connect()
            await client.send(request())
            if how == SILENT:
                await until(lambda: any(one.route.cluster.name == "other" and one.upstream
                                        for one in running.engine.exchanges))  # fmt: skip
                running.look(0.5)
            seen = await client.answer()
            assert is_at_rest(running)
    assert (seen.status, degraded(clause)) == (200, {"2-static": 1})
    assert outcome(theirs).verdict is OutcomeClass.FAILURE


@pytest.mark.parametrize("verdict", [REFUSAL, Park(1e9, Place())])
async def test_its_own_gates_may_refuse(verdict: Any) -> None:
    clause, theirs, other = fallback(ELSEWHERE, STATIC), Told(verdict), Plan.of(OK)
    async with two(Plan.of(BUSY), other, chain(clause), Chain((step(theirs),))) as running:
        assert (await ask(running, request())).body != b"ok"
    assert (other.heard, degraded(clause)) == ([], {"2-static": 1})
    assert ("gate", "leave", getattr(verdict, "place", None)) in theirs.log or verdict is REFUSAL


@pytest.mark.parametrize("first, status, body", [
    (answer(500, b"my own"), 500, b"my own"), (RESET, 502, None),
    (b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n", 502, None),
])  # fmt: skip
async def test_when_no_step_can_the_client_is_told_of_the_failure(
    first: bytes, status: int, body: bytes | None
) -> None:
    clause, gate = fallback(ELSEWHERE), Told()
    async with two(Plan.of(first), Plan.of(BUSY), chain(clause, gate=gate)) as running:
        client = await running.connect()
        await client.send(request(close=False) + request())
        seen = [await client.answer(), await client.answer()]
        (record, _) = running.records
        assert is_at_rest(running)
    assert [one.status for one in seen] == [status] * 2
    assert body is None or seen[0].body == body
    assert seen[0].get("x-degraded") is None
    assert (record.fallback, record.upstream) == ("", "app")
    assert degraded(clause) == {"none": 2}


async def test_a_refusal_stays_one_when_no_step_can() -> None:
    clause = fallback(ELSEWHERE, when="rate_limited")
    async with two(Recorder(), Plan.of(RESET), chain(clause, gate=Told(REFUSAL))) as running:
        seen = await ask(running, request())
    assert (seen.status, seen.get("retry-after")) == (429, b"2")


async def test_a_body_that_is_not_kept_is_sent_to_nobody_else() -> None:
    clause, other, size = fallback(ELSEWHERE, STATIC), Plan.of(OK), 100_000
    async with two(Plan.of(BUSY), other, chain(clause)) as running:
        raw = request("/", f"Content-Length: {size}", method="PUT", body=bytes(size))
        assert (await ask(running, raw)).get("x-degraded") == b"stock"
    assert (other.heard, degraded(clause)) == ([], {"2-static": 1})


async def test_an_answer_of_the_other_that_breaks_off_is_broken_off() -> None:
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"
    clause, mine, theirs = fallback(ELSEWHERE, STATIC), Told(), Told(name="theirs")

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(broken)

    gates = chain(clause, gate=mine)
    async with two(Plan.of(BUSY), half, gates, Chain((step(theirs),))) as running:
        client = await running.connect()
        await client.send(request())
        assert (await client.read_to_end()).endswith(b"hal")
        (record,) = running.records
    assert record.reason == "upstream_truncated"
    assert outcome(mine).upstream_status == 503
    assert outcome(theirs).verdict is OutcomeClass.FAILURE


async def waiting(running: Proxy) -> Any:
    """A client whose request is with the other upstream."""
    client = await running.connect()
    await client.send(request())
    await until(lambda: any(one.detour and one.upstream for one in running.engine.exchanges))
    return client


async def test_a_client_that_goes_away_takes_the_detour_with_it() -> None:
    clause, mine, theirs = fallback(ELSEWHERE, STATIC), Told(), Told(name="theirs")
    gates = chain(clause, gate=mine)
    async with two(Plan.of(BUSY), Plan.of(SILENT), gates, Chain((step(theirs),))) as running:
        client = await waiting(running)
        client.reset()
        await until(lambda: not running.engine.exchanges)
        (record,) = running.records
        assert is_at_rest(running)
    assert (record.reason, record.fallback, record.status) == ("client_gone", "", 0)
    assert outcome(mine).verdict is OutcomeClass.FAILURE
    assert outcome(theirs).verdict is OutcomeClass.IGNORED


async def test_at_the_end_of_draining_nothing_more_is_tried() -> None:
    clause = fallback(ELSEWHERE, STATIC)
    async with two(Plan.of(BUSY), Plan.of(SILENT), chain(clause)) as running:
        client = await waiting(running)
        running.listener.stop_accepting()
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 0.05, lambda: False))
            seen = await client.answer()
        (record,) = running.records
    assert (seen.status, record.reason) == (503, "drain_expired")
