"""Fallbacks tried beside real answers: what is counted, and that nobody notices."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.model.outcome import OutcomeClass
from sidecar.model.policy import Mode
from sidecar.model.verdict import Park, Place
from sidecar.policies.fallback import Elsewhere
from sidecar.proxy.trial import Trial
from sidecar.ruleset.routes import Chain
from tests.proxy.around import ask, degraded, fallback, is_at_rest, towards
from tests.proxy.fallbacks import ELSEWHERE, STATIC, TIMEOUTS, chain, outcome, outcomes, two
from tests.proxy.gates import REFUSAL, Told, step
from tests.proxy.harness import endpoint, proxy, request, rules_for, serving, until, upstream
from tests.proxy.planned import BUSY, OK, RESET, SILENT, Plan, answer

ALWAYS: dict[str, Any] = {"exercise": "100%", "when": "timeout"}


@pytest.mark.parametrize("theirs, result", [
    (OK, "success"), (answer(404), "success"), (BUSY, "failure"), (RESET, "failure"),
    (b"no HTTP\r\n\r\n", "failure"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "success"),
    (b"HTTP/1.1 103 X\r\n\r\n" + OK, "success"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + bytes(1_500_000), "success"),
])  # fmt: skip
async def test_what_the_other_upstream_does_is_counted_and_thrown_away(
    theirs: bytes, result: str
) -> None:
    clause, gate, other = fallback(ELSEWHERE, **ALWAYS), Told(name="theirs"), Plan.of(theirs)
    service = Plan.of(answer(200, b"mine"))
    async with two(service, other, chain(clause), Chain((step(gate),))) as running:
        seen = await ask(running, request("/x?y"))
        await until(lambda: degraded(clause))
        (record,) = running.records
        assert is_at_rest(running)
        assert not any(one.in_flight for one in running.engine.rules.clusters["other"].endpoints)
    assert (seen.status, seen.body, seen.get("x-degraded")) == (200, b"mine", None)
    assert degraded(clause) == {result: 1}
    assert (record.fallback, record.attempts, clause.tally.applied) == ("", 1, 0)
    assert (other.heard[0].target, len(service.heard)) == (b"/x?y", 1)
    assert outcome(gate).verdict is not None
    assert clause.policy.trying == 0


async def test_a_real_answer_is_not_waited_for_nor_waits() -> None:
    clause, gate, other = fallback(ELSEWHERE, **ALWAYS), Told(name="theirs"), Plan.of(SILENT)
    async with two(Plan.of(OK), other, chain(clause), Chain((step(gate),))) as running:
        assert (await ask(running, request())).status == 200
        await until(lambda: other.heard)
        assert clause.policy.trying == 1
        await until(lambda: degraded(clause))
    assert degraded(clause) == {"failure": 1}
    told = outcome(gate)
    assert told.verdict is OutcomeClass.FAILURE


@pytest.mark.parametrize("verdict", [REFUSAL, Park(1e9, Place())])
async def test_where_it_would_be_refused_it_would_not_have_worked(verdict: Any) -> None:
    clause, gate, other = fallback(ELSEWHERE, **ALWAYS), Told(verdict), Plan.of(OK)
    async with two(Plan.of(OK), other, chain(clause), Chain((step(gate),))) as running:
        assert (await ask(running, request())).status == 200
    assert (degraded(clause), other.heard) == ({"failure": 1}, [])


async def test_without_an_endpoint_it_would_not_have_worked() -> None:
    clause = fallback(ELSEWHERE, **ALWAYS)
    async with upstream(Plan.of(OK)) as port:
        rules = rules_for([endpoint(port)], chain=chain(clause), timeouts=TIMEOUTS)
        async with proxy(towards(rules, None)) as running:
            assert (await ask(running, request())).status == 200
    assert (degraded(clause), clause.policy.trying) == ({"failure": 1}, 0)


async def test_a_connection_that_had_gone_stale_says_nothing_of_the_fallback() -> None:
    clause, gate, other = fallback(ELSEWHERE, **ALWAYS), Told(), Plan.of(OK, RESET, OK)
    async with two(Plan.of(OK), other, chain(clause), Chain((step(gate),))) as running:
        for count in (1, 2):
            assert (await ask(running, request())).status == 200
            await until(lambda: degraded(clause) and sum(degraded(clause).values()) == count)  # noqa: B023 - waited for at once
        assert is_at_rest(running)
    assert (degraded(clause), other.came_by) == ({"success": 2}, [1, 1, 2])
    assert [one.verdict for one in outcomes(gate)] == [OutcomeClass.SUCCESS] * 2


async def test_each_step_is_tried() -> None:
    clause = fallback(ELSEWHERE, STATIC, **ALWAYS)
    async with two(Plan.of(OK), Plan.of(OK), chain(clause)) as running:
        assert (await ask(running, request())).status == 200
        await until(lambda: degraded(clause) == {"success": 2})


@pytest.mark.parametrize("raw", [
    request(method="HEAD"), request(method="POST"),
    request("/", "Content-Length: 2", body=b"ab"),
])  # fmt: skip
async def test_nothing_but_plain_reads_is_tried_on(raw: bytes) -> None:
    clause = fallback(STATIC, **ALWAYS)
    async with serving(Plan.of(OK), chain=chain(clause)) as running:
        await ask(running, raw, raw.partition(b" ")[0].decode())
    assert degraded(clause) == {}


async def test_in_shadow_nothing_is_tried() -> None:
    clause = fallback(STATIC, mode=Mode.SHADOW, **ALWAYS)
    async with serving(Plan.of(OK), chain=chain(clause)) as running:
        await ask(running, request())
    assert degraded(clause) == {}


async def test_it_is_no_part_of_the_requests_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Trial] = []
    start = Trial.start

    def noted(trial: Trial, one: Elsewhere) -> None:
        begun.append(trial)
        start(trial, one)

    monkeypatch.setattr(Trial, "start", noted)
    clause, other = fallback(ELSEWHERE, **ALWAYS), Plan.of(SILENT)
    async with two(Plan.of(OK), other, chain(clause)) as running:
        await ask(running, request())
        await until(lambda: other.heard)
        assert not running.engine.exchanges
        (trial,) = begun
        trial.downstream.pause_reading()
        trial.downstream.resume_reading()
        trial._too_late()
    assert degraded(clause) == {"failure": 1}
