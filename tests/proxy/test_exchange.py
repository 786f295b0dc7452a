"""One request: what the rules say of it happens, and its end is told exactly once."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import GateBasics, Stage
from sidecar.model.verdict import ADMIT, LocalReply, Park, Place, Respond, Verdict
from sidecar.proxy.clock import clock
from sidecar.ruleset.routes import Chain, Trust
from tests.proxy.client import Client
from tests.proxy.gates import REFUSAL, Told, refusing_chain, step
from tests.proxy.harness import (
    NOBODY,
    Proxy,
    Recorder,
    endpoint,
    only,
    proxy,
    request,
    rules_for,
    serving,
    until,
)


@dataclass
class Queue(GateBasics):
    """Lets ``size`` requests through at a time; others wait for their turn, until ``until``."""

    settles: ClassVar[bool] = True
    size: int = 1
    until: float = 1e9
    patience: int = 1_000_000
    stage: Stage = Stage.CONCURRENCY
    running: int = 0
    asked: int = 0
    waiting: deque[tuple[RequestHead, Place]] = field(default_factory=deque)
    left: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def peek(self, request: RequestHead, now: float) -> Verdict:  # noqa: ARG002 - the contract
        self.asked += 1
        if self.running < self.size:
            return ADMIT
        if self.asked > self.patience:
            return REFUSAL
        for one, place in self.waiting:
            if one is request:
                return Park(self.until, place)
        place = Place()
        self.waiting.append((request, place))
        return Park(self.until, place)

    def take(self, request: RequestHead, now: float) -> int:  # noqa: ARG002 - the contract
        self.running += 1
        self.waiting = deque(one for one in self.waiting if one[0] is not request)
        return self.running

    def settle(self, request: RequestHead, ticket: int, outcome: Outcome, now: float) -> None:  # noqa: ARG002 - the contract
        self.running -= 1
        self.outcomes.append(outcome)
        self.wake()

    def wake(self) -> None:
        if self.waiting and self.waiting[0][1].wake is not None:
            self.waiting[0][1].wake()

    def leave(self, request: RequestHead, place: Place) -> None:  # noqa: ARG002 - the contract
        self.waiting = deque(one for one in self.waiting if one[1] is not place)
        self.left += 1

    def adopt(self, predecessor: object, now: float) -> None:
        """Nothing to take over."""


async def parked(running: Proxy, gate: Queue, raw: bytes) -> Client:
    """A client whose request waits behind all others."""
    before = len(gate.waiting)
    client = await running.connect()
    await client.send(raw)
    await until(lambda: len(gate.waiting) > before)
    return client


async def test_a_parked_request_goes_on_when_it_is_woken() -> None:
    gate, recorder = Queue(size=0), Recorder()
    async with serving(recorder, chain=Chain((step(gate),))) as running:
        client = await parked(running, gate, request())
        gate.wake()
        await until(lambda: gate.asked == 2)
        assert recorder.connections == []
        gate.size = 1
        gate.wake()
        assert (await client.answer()).status == 200
        (record,) = running.records
    assert (gate.asked, gate.running, gate.left, len(gate.waiting)) == (3, 0, 0, 0)
    assert (record.status, record.reason, record.attempts) == (200, "", 1)
    assert [one.verdict for one in gate.outcomes] == [OutcomeClass.SUCCESS]


async def test_a_parked_request_goes_on_when_its_time_has_come() -> None:
    gate = Queue(size=0, until=0.0)
    async with serving(Recorder(), chain=Chain((step(gate),))) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: gate.asked > 3)
        gate.size = 1
        assert (await client.answer()).status == 200
    assert (gate.running, gate.left, len(gate.waiting)) == (0, 0, 0)


async def test_woken_twice_it_goes_on_once() -> None:
    gate, recorder = Queue(size=0), Recorder()
    async with serving(recorder, chain=Chain((step(gate),))) as running:
        client = await parked(running, gate, request())
        gate.size = 5
        (exchange,) = running.engine.exchanges
        gate.wake()
        exchange._wake()
        exchange._wake()
        assert (await client.answer()).status == 200
        await recorder.all_heard(running)
    assert len(recorder.requests) == 1
    assert (gate.running, len(gate.outcomes)) == (0, 1)


async def test_a_parked_request_may_be_refused() -> None:
    gate = Queue(size=0, patience=1)
    async with serving(Recorder(), chain=Chain((step(gate),))) as running:
        client = await parked(running, gate, request(close=False))
        gate.wake()
        answer = await client.answer()
        (record,) = running.records
    assert (answer.status, answer.closes, answer.get("retry-after")) == (429, False, b"2")
    assert (gate.left, gate.running, len(gate.outcomes)) == (1, 0, 0)
    assert (record.status, record.reason, record.rule) == (429, "rate_limited", "told/gate")


async def test_a_client_that_goes_away_leaves_its_place() -> None:
    gate = Queue(size=0)
    async with serving(Recorder(), chain=Chain((step(gate),))) as running:
        client = await parked(running, gate, request())
        (exchange,) = running.engine.exchanges
        client.reset()
        await until(lambda: gate.left)
        exchange._wake()
        (record,) = running.records
    assert (gate.left, gate.asked, len(gate.outcomes)) == (1, 1, 0)
    assert (record.status, record.reason, record.attempts) == (0, "client_gone", 0)


@pytest.mark.parametrize("size", [5, 30_000, 3_000_000])
async def test_a_body_that_comes_while_its_request_is_parked_arrives_whole(size: int) -> None:
    gate, recorder = Queue(size=0), Recorder()
    body = bytes(range(250)) * (size // 250) or b"hello"
    async with serving(recorder, chain=Chain((step(gate),))) as running:
        raw = request("/", f"Content-Length: {len(body)}", method="POST")
        client = await parked(running, gate, raw)
        client.writer.write(body)
        (exchange,) = running.engine.exchanges
        await until(lambda: exchange.request_sent or only(running).is_held_back)
        assert exchange._held_bytes < 1 << 20
        running.look(1000)
        assert running.engine.exchanges, "a request that waits here is not late there"
        gate.size = 1
        gate.wake()
        assert (await client.answer()).status == 200
    assert recorder.whole[0].body == body


async def test_a_long_queue_that_fails_at_once_is_not_too_deep() -> None:
    """Each one's end wakes the next, whose end wakes the next."""
    gate, requests = Queue(size=1), 150
    async with proxy(rules_for([], chain=Chain((step(gate),)))) as running:
        gate.size = 0
        clients = [await parked(running, gate, request()) for _ in range(requests)]
        gate.size = 1
        gate.wake()
        for client in clients:
            assert (await client.answer()).status == 503
    assert (gate.running, len(gate.outcomes), gate.left) == (0, requests, 0)


# --- refusals


@pytest.mark.parametrize("disclose, header, in_body", [
    ("none", False, set()), ("id", True, {"decision"}), ("rule", True, {"decision", "rule"}),
])  # fmt: skip
async def test_a_refusal_tells_what_it_may(
    disclose: str, in_body: set[str], *, header: bool
) -> None:
    trust = Trust(NOBODY, NOBODY, disclose=disclose)
    async with serving(Recorder(), chain=refusing_chain(), trust=trust) as running:
        client = await running.connect()
        await client.send(request())
        answer = await client.answer()
        (record,) = running.records
    body = json.loads(answer.body)
    assert {"decision", "rule"} & body.keys() == in_body
    assert (answer.get("x-sidecar-decision") == record.span_id) == header
    assert body.get("rule", "told/gate") == "told/gate"
    assert body["retry_after_ms"] == 1500
    assert (record.rule, record.bytes_sent) == ("told/gate", len(answer.body))


async def test_headers_of_a_refusal_are_sent() -> None:
    reply = replace(REFUSAL.reply, headers=((b"RateLimit", b"x"),))
    chain = Chain((step(Told(Respond(reply))),))
    async with serving(Recorder(), chain=chain) as running:
        client = await running.connect()
        await client.send(request(method="HEAD", close=False) + request())
        head = await client.answer("HEAD")
        answer = await client.answer()
    assert head.get("ratelimit") == answer.get("ratelimit") == b"x"
    assert head.body == b""


async def test_a_refused_request_reaches_nobody_and_the_next_one_is_served() -> None:
    recorder, gate = Recorder(), Told(REFUSAL)
    async with serving(recorder, chain=Chain((step(gate),))) as running:
        client = await running.connect()
        post = request("/", "Content-Length: 5", method="POST", close=False, body=b"hello")
        chunks = b"5\r\nhello\r\n0\r\n\r\n"
        chunked = request("/", "Transfer-Encoding: chunked", method="PUT", close=False, body=chunks)
        await client.send(post + chunked + request(close=False))
        statuses = [(await client.answer()).status for _ in range(3)]
        gate.answers = ADMIT
        await client.send(request("/good"))
        statuses.append((await client.answer()).status)
    assert statuses == [429, 429, 429, 200]
    assert [one.target for one in recorder.whole] == [b"/good"]


@pytest.mark.parametrize("fields", [
    ("Content-Length: 70000",), ("Content-Length: 5", "Expect: 100-continue"),
])  # fmt: skip
async def test_a_refused_request_with_much_to_come_ends_its_connection(
    fields: tuple[str, ...],
) -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        await client.send(request("/", *fields, method="POST", close=False))
        assert (await client.answer()).closes
        assert await client.read() == b""


async def test_of_chunks_that_nobody_wants_only_so_many_are_read() -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        raw = request("/", "Transfer-Encoding: chunked", method="POST", close=False)
        await client.send(raw)
        assert not (await client.answer()).closes
        for _ in range(5):
            await client.send(b"4000\r\n" + bytes(0x4000) + b"\r\n")
        assert await client.read() == b""


# --- outcomes


@pytest.mark.parametrize("answer, verdict, status", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OutcomeClass.SUCCESS, 200),
    (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", OutcomeClass.IGNORED, 404),
    (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", OutcomeClass.FAILURE, 500),
    (b"garbage\r\n\r\n", OutcomeClass.FAILURE, 502),
])  # fmt: skip
async def test_a_gate_is_told_how_it_ended(
    answer: bytes, verdict: OutcomeClass, status: int
) -> None:
    gate = Told()
    async with serving(Recorder(answer), chain=Chain((step(gate),))) as running:
        started = clock()
        client = await running.connect()
        await client.send(request())
        await client.answer()
        took = clock() - started
    assert [entry[1] for entry in gate.log] == ["peek", "take", "settle"]
    outcome = gate.log[-1][3]
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.status) == (verdict, status)
    assert 0 < outcome.seconds <= took
    assert gate.log[-1][2] == gate.log[1][2] == 1


async def test_a_refusal_further_down_says_nothing_of_the_upstream() -> None:
    first, second = Told(), Told(REFUSAL)
    chain = Chain((step(first), step(second, name="second", order=1)))
    async with serving(Recorder(), chain=chain) as running:
        client = await running.connect()
        await client.send(request())
        await client.answer()
    assert [entry[1] for entry in first.log] == ["peek"]


async def test_the_end_is_told_when_the_client_went_away() -> None:
    gate = Told()

    async def never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with serving(never, chain=Chain((step(gate),))) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        client.reset()
        await until(lambda: len(gate.log) == 3)
    outcome = gate.log[-1][3]
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.status) == (OutcomeClass.IGNORED, 0)


async def test_health_probes_pass_the_rules() -> None:
    recorder = Recorder()
    async with serving(recorder, chain=refusing_chain()) as running:
        rules = running.engine.rules
        inbound = replace(rules.listeners["inbound"], probes=frozenset({b"/healthz"}))
        running.engine.install(replace(rules, listeners={"inbound": inbound}))
        client = await running.connect()
        targets = ("/healthz", "/healthz?deep", "/x/../healthz", "/healthz/", "/other")
        await client.send(b"".join(request(target, close=False) for target in targets))
        statuses = [(await client.answer()).status for _ in targets]
    assert statuses == [200, 200, 200, 429, 429]


async def test_a_local_reply_is_made_of_what_it_says() -> None:
    reply = LocalReply(403, "access_denied", "not here")
    async with serving(Recorder(), chain=Chain((step(Told(Respond(reply))),))) as running:
        client = await running.connect()
        await client.send(request())
        body = json.loads((await client.answer()).body)
    assert (body["status"], body["reason"], body["detail"]) == (403, "access_denied", "not here")
    assert "retry_after_ms" not in body


async def test_endpoints_are_asked_in_turn() -> None:
    recorders = [Recorder(), Recorder()]
    async with serving(recorders[0]) as one, serving(recorders[1]) as two:
        endpoints = [
            endpoint(running.engine.rules.clusters["app"].endpoints[0].address.port)
            for running in (one, two)
        ]
        async with proxy(rules_for(endpoints)) as running:
            for _ in range(4):
                await running.ask(request())
    assert [len(recorder.whole) for recorder in recorders] == [2, 2]
