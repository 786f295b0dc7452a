"""Deadlines on the wire: whose word counts, what is done in time, and what others are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import GateBasics, Stage
from sidecar.model.verdict import Park, Place, Verdict
from sidecar.proxy.clock import clock, wall_offset
from sidecar.ruleset.routes import Chain, DeadlineHeader, RuleSet, Timeouts, Trust
from tests.proxy.around import ask, chain, readings, retries
from tests.proxy.gates import Told, step
from tests.proxy.harness import (
    LOOPBACK,
    NOBODY,
    Proxy,
    endpoint,
    proxy,
    request,
    rules_for,
    until,
    upstream,
)
from tests.proxy.planned import BUSY, OK, SILENT, Plan

NAME = "X-Request-Deadline"
FIELD = NAME.lower().encode()
TIMEOUTS = Timeouts(request=10, per_try=5)


def rules(port: int, *, believed: bool = True, moment: bool = False, **options: Any) -> RuleSet:
    trust = Trust(NOBODY, LOOPBACK if believed else NOBODY)
    options = {"timeouts": TIMEOUTS, "identity": frozenset({FIELD}), **options}
    found = rules_for([endpoint(port)], trust=trust, **options)
    found.routes["other"].deadline = DeadlineHeader(FIELD, moment)
    return found


def told(service: Plan, number: int = -1) -> float:
    """What the service was told that is left, in seconds."""
    said = service.heard[number].get(NAME)
    assert said is not None
    if said.endswith(b"ms"):
        return int(said[:-2]) / 1000
    return int(said) / 1000 - (clock() + wall_offset())


@pytest.mark.parametrize("moment", [False, True])
@pytest.mark.parametrize("said, left", [
    (None, 10.0), ("2s", 2.0), ("1500ms", 1.5), ("60s", 10.0), ("soon", 10.0), ("17", 10.0),
])  # fmt: skip
async def test_the_upstream_is_told_what_is_left(
    said: str | None, left: float, *, moment: bool
) -> None:
    service = Plan.of(OK)
    async with upstream(service) as port, proxy(rules(port, moment=moment)) as running:
        fields = () if said is None else (f"{NAME}: {said}",)
        assert (await ask(running, request("/", *fields))).status == 200
        ignored = running.listener.meters.deadlines_ignored
    assert left - 0.5 < told(service) <= left
    assert ignored == (said in ("soon", "17"))


async def test_a_moment_is_understood() -> None:
    service = Plan.of(OK)
    async with upstream(service) as port, proxy(rules(port)) as running:
        at = int(((clock() + wall_offset()) + 3) * 1000)
        assert (await ask(running, request("/", f"x-request-DEADLINE: {at}"))).status == 200
    assert 2.5 < told(service) <= 3


async def test_strangers_set_no_deadline() -> None:
    service = Plan.of(OK)
    async with upstream(service) as port, proxy(rules(port, believed=False)) as running:
        assert (await ask(running, request("/", f"{NAME}: 0ms"))).status == 200
    assert told(service) > 9


@pytest.mark.parametrize("said", ["0ms", "0s", "1700000000000"])
@pytest.mark.parametrize("raw", ["GET", "POST"])
async def test_where_nothing_is_left_nobody_is_asked(said: str, raw: str) -> None:
    service, gate = Plan.of(OK), Told()
    async with upstream(service) as port, proxy(rules(port, chain=chain(gate=gate))) as running:
        body = b"hello" if raw == "POST" else b""
        fields = (f"{NAME}: {said}", *(["Content-Length: 5"] if body else []))
        client = await running.connect()
        await client.send(request("/", *fields, method=raw, body=body, close=False) + request("/2"))
        first, second = await client.answer(), await client.answer()
        (record, _) = running.records
    assert (first.status, second.status) == (504, 200)
    assert b'"reason":"deadline_exceeded"' in first.body
    assert (record.reason, record.attempts) == ("deadline_exceeded", 0)
    assert [one.target for one in service.heard] == [b"/2"]
    assert [entry[1] for entry in gate.log] == ["peek", "take", "settle"]


async def test_the_deadline_ends_the_attempt_and_counts_against_the_upstream() -> None:
    service, gate = Plan.of(SILENT), Told()
    async with upstream(service) as port, proxy(rules(port, chain=chain(gate=gate))) as running:
        client = await running.connect()
        await client.send(request("/", f"{NAME}: 2s"))
        await until(lambda: service.heard)
        running.look(1.5)
        assert running.engine.exchanges
        running.look(2.1)
        assert (await client.answer()).status == 504
        (record,) = running.records
    assert record.reason == "request_timeout"
    outcome = gate.log[-1][3]
    assert isinstance(outcome, Outcome)
    assert outcome.verdict is OutcomeClass.FAILURE


async def test_a_retry_that_would_come_too_late_is_left_out() -> None:
    service = Plan.of(BUSY, OK)
    clause = retries(backoff={"first": "500ms", "at_most": "500ms", "jitter": "none"})
    async with upstream(service) as port, proxy(rules(port, chain=chain(clause))) as running:
        assert (await ask(running, request("/", f"{NAME}: 400ms"))).status == 503
    assert readings(clause) == {"deadline_too_near": 1}


async def test_each_try_is_told_what_is_left_then() -> None:
    service = Plan.of(BUSY, OK)
    clause = retries(backoff={"first": "50ms", "at_most": "50ms", "jitter": "none"})
    async with upstream(service) as port, proxy(rules(port, chain=chain(clause))) as running:
        assert (await ask(running, request("/", f"{NAME}: 5s"))).status == 200
    assert told(service, 0) - told(service, 1) >= 0.045


@dataclass
class Waiting(GateBasics):
    """Lets everybody wait for a minute."""

    stage: Stage = Stage.CONCURRENCY
    left: int = 0

    def peek(self, request: RequestHead, now: float) -> Verdict:  # noqa: ARG002 - the contract
        return Park(now + 60, Place())

    def take(self, request: RequestHead, now: float) -> int:
        raise NotImplementedError

    def leave(self, request: RequestHead, place: Place) -> None:  # noqa: ARG002 - the contract
        self.left += 1

    def adopt(self, predecessor: object, now: float) -> None:
        """Nothing to take over."""


async def test_who_waits_in_a_line_waits_no_longer_than_the_caller() -> None:
    service, gate = Plan.of(OK), Waiting()
    async with upstream(service) as port, proxy(rules(port, chain=Chain((step(gate),)))) as running:
        began = clock()
        seen = await ask(running, request("/", f"{NAME}: 50ms"))
        took = clock() - began
        (record,) = running.records
    assert (seen.status, record.reason) == (504, "deadline_exceeded")
    assert gate.left >= 1
    assert 0.045 < took < 5
    assert not service.heard


async def test_a_route_without_a_field_passes_it_on_as_it_is() -> None:
    service = Plan.of(OK)
    async with upstream(service) as port:
        found = rules(port)
        found.routes["other"].deadline = None
        async with proxy(found) as running:
            assert (await ask(running, request("/", f"{NAME}: 2s"))).status == 200
            assert running_given(running) == 0
    assert service.heard[0].get(NAME) == b"2s"


def running_given(running: Proxy) -> int:
    return running.listener.meters.deadlines_ignored
