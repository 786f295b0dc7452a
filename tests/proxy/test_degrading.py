"""Fallbacks on the wire: what the client is given instead, and what the upstream's gates hear."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from sidecar.model.outcome import OutcomeClass
from sidecar.model.policy import Mode, Stage
from sidecar.model.verdict import LocalReply, Respond
from sidecar.policies.fallback import Fallback
from sidecar.ruleset.routes import Clause
from sidecar.telemetry.evidence import Said
from tests.policies.building import World
from tests.proxy.around import ask, degraded, fallback, is_at_rest, retries
from tests.proxy.fallbacks import ELSEWHERE, FAIL, STATIC, TIMEOUTS, chain, outcome, outcomes, two
from tests.proxy.gates import REFUSAL, Told
from tests.proxy.harness import (
    Proxy,
    Recorder,
    endpoint,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)
from tests.proxy.planned import BUSY, OK, RESET, SILENT, Plan

# --- answers of the rule file


@pytest.mark.parametrize("how", FAIL.values(), ids=FAIL)
async def test_a_failure_is_answered_instead_and_told_to_gates_as_it_was(how: bytes) -> None:
    clause, gate = fallback(STATIC), Told()
    async with serving(Plan.of(how), chain=chain(clause, gate=gate)) as running:
        client = await running.connect()
        await client.send(request("/1", close=False) + request("/2"))
        first, second = await client.answer(), await client.answer()
        (record, _) = running.records
        assert is_at_rest(running)
    for seen in (first, second):
        assert (seen.status, json.loads(seen.body)) == (200, {"stock": "unknown"})
        assert seen.get("x-degraded") == b"stock"
        assert seen.get("content-type") == b"application/json"
        assert seen.get("cache-control") == b"no-store"
        assert seen.get("date")
    assert first.get("x-sidecar-decision") == record.span_id
    assert (record.status, record.fallback) == (200, "fallbacks/stock")
    assert record.applied is not None
    assert (record.applied.rule.label, record.applied.said) == (record.fallback, Said.APPLIED)
    assert record.applied.facts == {"step": "1-static"}
    assert record.reason in ("upstream_error", "upstream_reset", "upstream_bad_response")
    assert (clause.tally.applied, degraded(clause)) == (2, {"1-static": 2})
    assert [(one.verdict, one.status) for one in outcomes(gate)] == [
        (OutcomeClass.FAILURE, 200)
    ] * 2


async def test_the_gates_hear_the_upstreams_own_status() -> None:
    gate = Told()
    async with serving(Plan.of(BUSY), chain=chain(fallback(STATIC), gate=gate)) as running:
        await ask(running, request())
    told = outcome(gate)
    assert (told.status, told.upstream_status, told.failure) == (200, 503, None)
    assert told.upstream_seconds is not None


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can for now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


WORDS = [
    "breaker_open", "timeout", "connect_failure", "upstream_5xx", "overloaded", "rate_limited",
    "no_endpoint", "concurrency_limited",
]  # fmt: skip


@contextlib.asynccontextmanager
async def failing(word: str, closed_port: int, clause: Clause[Fallback]) -> AsyncIterator[Proxy]:
    """A proxy in which requests end as ``word`` says."""
    refuses = word not in ("timeout", "connect_failure", "upstream_5xx", "no_endpoint")
    status = 429 if word == "rate_limited" else 503
    gate = Told(Respond(LocalReply(status, word, "no"))) if refuses else None
    async with upstream(Plan.of(SILENT if word == "timeout" else BUSY)) as port:
        at = {"connect_failure": [closed_port], "no_endpoint": []}.get(word, [port])
        endpoints = [endpoint(one) for one in at]
        rules = rules_for(endpoints, chain=chain(clause, gate=gate), timeouts=TIMEOUTS)
        async with proxy(rules) as running:
            yield running


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("when", ["same", "any", "others"])
async def test_it_answers_for_what_it_names(word: str, when: str, closed_port: int) -> None:
    named = {"same": [word], "any": ["any"], "others": [one for one in WORDS if one != word]}
    clause = fallback(STATIC, when=named[when])
    async with failing(word, closed_port, clause) as running:
        client = await running.connect()
        await client.send(request())
        if word == "timeout":
            await until(lambda: any(one.upstream for one in running.engine.exchanges))
            running.look(6)
        seen = await client.answer()
        (record,) = running.records
    assert (seen.status == 200) is (when != "others")
    assert bool(record.fallback) is (when != "others")
    assert clause.tally.applied == (when != "others")


@pytest.mark.parametrize("status, answered", [(503, True), (429, False)])
async def test_an_ordered_failure_is_one_of_the_upstream(status: int, *, answered: bool) -> None:
    clause = fallback(STATIC, when="upstream_5xx")
    gate = Told(Respond(LocalReply(status, "fault_injected", "no")), Stage.FAULT)
    async with serving(Recorder(), chain=chain(clause, gate=gate)) as running:
        assert (await ask(running, request())).status == (200 if answered else status)


@pytest.mark.parametrize("reply", [REFUSAL.reply, LocalReply(403, "access_denied", "no")])
async def test_what_it_does_not_name_is_refused_as_ever(reply: LocalReply) -> None:
    clause, recorder = fallback(STATIC, when=["upstream_5xx", "breaker_open"]), Recorder()
    gates = chain(clause, gate=Told(Respond(reply)))
    async with serving(recorder, chain=gates) as running:
        assert (await ask(running, request())).status == reply.status
    assert clause.tally.applied == 0


async def test_head_is_told_the_length_and_204_has_none() -> None:
    nothing = fallback({"serve": "static", "status": 204})
    async with serving(Plan.of(BUSY), chain=chain(fallback(STATIC))) as running:
        client = await running.connect()
        await client.send(request(method="HEAD", close=False) + request())
        head, whole = await client.answer("HEAD"), await client.answer()
    assert head.body == b""
    assert int(head.get("content-length") or 0) == len(whole.body) > 0
    for status in (204, 304):
        nothing = fallback({"serve": "static", "status": status})
        async with serving(Plan.of(BUSY), chain=chain(nothing)) as running:
            client = await running.connect()
            await client.send(request(close=False) + request())
            first, second = await client.answer(), await client.answer()
        assert (first.status, second.status, first.body) == (status, status, b"")
        assert first.get("content-length") is None


async def test_a_template_is_filled_in() -> None:
    body = {"json": {"path": "{path}", "q": "{query.sku}", "why": "{reason}", "user": "{key.user}"}}
    world = World()
    clause = fallback({"serve": "template", "status": 503, "body": body}, world=world)
    async with serving(Plan.of(RESET), chain=chain(clause)) as running:
        seen = await ask(running, request('/a"b?sku=1%22%7D2'))
    told = json.loads(seen.body)
    assert (told["path"], told["q"], told["why"]) == ("/a%22b", '1"}2', "upstream_reset")
    assert told["user"] == "{key.user}"


async def test_a_request_with_a_body_is_answered_and_the_next_one_served() -> None:
    clause, gate = fallback(STATIC), Told(REFUSAL)
    async with serving(Recorder(), chain=chain(clause, gate=gate)) as running:
        client = await running.connect()
        post = request("/", "Content-Length: 5", method="POST", close=False, body=b"hello")
        await client.send(post + request())
        seen = [await client.answer(), await client.answer()]
    assert [one.status for one in seen] == [200, 200]


async def test_in_shadow_it_counts_and_answers_nothing() -> None:
    shadow, gate = fallback(STATIC, mode=Mode.SHADOW), Told()
    async with serving(Plan.of(BUSY), chain=chain(shadow, gate=gate)) as running:
        assert (await ask(running, request())).status == 503
        gate.answers = Respond(LocalReply(503, "breaker_open", "no"))
        assert (await ask(running, request())).status == 503
    assert (shadow.tally.applied, degraded(shadow)) == (2, {})


async def test_nothing_is_answered_instead_once_a_byte_was_sent() -> None:
    clause = fallback(STATIC)

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")

    async with serving(half, chain=chain(clause)) as running:
        client = await running.connect()
        await client.send(request())
        assert b"x-degraded" not in await client.read_to_end()
    assert clause.tally.applied == 0


async def test_retries_come_first() -> None:
    again, clause, service = retries(), fallback(STATIC), Plan.of(BUSY)
    async with serving(service, chain=chain(clause, retries=(again,))) as running:
        seen = await ask(running, request())
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, seen.get("x-degraded"), record.attempts) == (200, b"stock", 2)
    assert (again.tally.applied, len(service.heard)) == (1, 2)
    assert {one.label: one.value for one in again.policy.readings(0.0) if one.value} == {
        "failure": 1
    }


# --- switches


async def test_while_a_switch_is_on_the_upstream_is_not_asked() -> None:
    world, recorder, gate = World(), Recorder(), Told()
    clause = fallback(STATIC, switch="degrade", world=world)
    async with serving(recorder, chain=chain(clause, gate=gate)) as running:
        assert (await ask(running, request())).body == b"ok"
        switch = world.controls.switch("degrade")
        switch.turn(on=True)
        seen = await ask(running, request())
        gate.answers = Respond(LocalReply(503, "breaker_open", "no"))
        assert (await ask(running, request())).status == 200
        gate.answers = REFUSAL
        assert (await ask(running, request())).status == 429
        gate.answers = Respond(LocalReply(503, "breaker_open", "no"))
        switch.turn(on=False)
        assert (await ask(running, request())).status == 503
        records = running.records
    assert (seen.status, seen.get("x-degraded")) == (200, b"stock")
    assert (records[1].reason, records[1].fallback) == ("switched_off", "fallbacks/stock")
    assert len(recorder.whole) == 1
    assert [one.verdict for one in outcomes(gate)] == [OutcomeClass.SUCCESS, OutcomeClass.IGNORED]


async def test_a_switch_without_a_step_that_can_leaves_the_upstream_on() -> None:
    world, clause_steps = World(), ELSEWHERE
    clause, gate = fallback(clause_steps, switch="degrade", world=world), Told()
    world.controls.switch("degrade").turn(on=True)
    async with two(Plan.of(OK), Plan.of(BUSY), chain(clause, gate=gate)) as running:
        seen = await ask(running, request())
    assert (seen.status, seen.body, seen.get("x-degraded")) == (200, b"ok", None)
    assert outcome(gate).verdict is OutcomeClass.SUCCESS


async def test_a_switch_in_shadow_is_counted() -> None:
    world = World()
    clause = fallback(STATIC, switch="degrade", world=world, mode=Mode.SHADOW)
    world.controls.switch("degrade").turn(on=True)
    async with serving(Recorder(), chain=chain(clause)) as running:
        assert (await ask(running, request())).body == b"ok"
    assert clause.tally.applied == 1
