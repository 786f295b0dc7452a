"""Breakers on a virtual clock: what counts, what a refusal says, what a reload keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model import outcome as o
from sidecar.model.http import RequestHead
from sidecar.model.outcome import Failure, Heard, Outcome, classify
from sidecar.model.policy import Stage
from sidecar.model.verdict import ADMIT, LocalReply, Respond
from sidecar.policies.breaker import Breaker, BreakerSpec
from sidecar.telemetry.attributes import ATTRIBUTES
from tests.policies.building import World

REQUEST = RequestHead("GET", b"/", 1)
ERRORS = {"error_ratio": "50%", "over": "10s", "at_least": "4 requests"}
SLOW = {"slow_ratio": "50%", "slower_than": "400ms", "over": "10s", "at_least": "4 requests"}
STEADY = {"first": "5s", "growing_to": "60s", "jitter": "0%"}
START = 1000.0


def spec(open_when: object = ERRORS, **fields: Any) -> BreakerSpec:
    whole = {"name": "a-rule", "open_when": open_when, "open_for": STEADY, **fields}
    return BreakerSpec.model_validate(whole)


def breaker(open_when: object = ERRORS, *, world: World | None = None, **fields: Any) -> Breaker:
    around = world or World()
    return spec(open_when, **fields).build(around.context(kind="breakers", name="inventory"))


def answered(status: int = 200, seconds: float = 0.01, failure: Failure | None = None) -> Outcome:
    return classify(status, seconds, failure, local=False, heard=Heard(status, seconds))


def failed(failure: Failure) -> Outcome:
    return classify(failure.status, 1.0, failure, local=False)


def call(gate: Breaker, outcome: Outcome, now: float) -> bool:
    """One request from beginning to end; whether it was let through."""
    if gate.peek(REQUEST, now) is not ADMIT:
        return False
    gate.settle(REQUEST, gate.take(REQUEST, now), outcome, now)
    return True


def calls(gate: Breaker, outcome: Outcome, now: float, times: int = 4) -> int:
    """How many of them were let through."""
    return sum(call(gate, outcome, now) for _ in range(times))


def refusal(gate: Breaker, now: float) -> LocalReply:
    verdict = gate.peek(REQUEST, now)
    assert isinstance(verdict, Respond)
    return verdict.reply


def is_open(gate: Breaker, now: float) -> bool:
    return isinstance(gate.peek(REQUEST, now), Respond)


def readings(gate: Breaker, now: float) -> dict[str, float]:
    return {f"{one.name} {one.label}".strip(): one.value for one in gate.readings(now)}


def test_where_it_stands_in_the_chain() -> None:
    assert breaker().stage is Stage.BREAKER
    assert breaker().settles is True


@pytest.mark.parametrize(
    "outcome, opens",
    [
        (answered(500), True),
        (answered(503), True),
        (failed(o.CONNECT_FAILURE), True),
        (failed(o.PER_TRY_TIMEOUT), True),
        (failed(o.UPSTREAM_RESET), True),
        (answered(200), False),
        (answered(404), False),
        (answered(429), False),
        (answered(200, failure=o.CLIENT_GONE), False),
        (failed(o.CLIENT_GONE), False),
        (failed(o.POOL_OVERFLOW), False),
        (failed(o.NO_ENDPOINT), False),
        (classify(503, 0.0, None, local=True), False),
    ],
)
def test_what_opens_it(outcome: Outcome, opens: bool) -> None:
    gate = breaker()
    calls(gate, outcome, START, times=30)
    assert is_open(gate, START) is opens


def test_what_says_nothing_is_not_counted_at_all() -> None:
    gate = breaker()
    calls(gate, failed(o.CLIENT_GONE), START, times=100)
    calls(gate, answered(404), START, times=100)
    assert gate.facts(REQUEST, START)["error_ratio_requests"] == 0
    assert calls(gate, answered(500), START, times=5) == 4


def test_what_is_an_error_can_be_said() -> None:
    gate = breaker(count_as_error=["429", 503])
    assert calls(gate, answered(500), START, times=3) == 3
    assert not is_open(gate, START)
    assert calls(gate, answered(429), START, times=9) == 3
    assert is_open(gate, START)


@pytest.mark.parametrize(
    "outcome, opens",
    [
        (answered(200, 0.5), True),
        (answered(500, 0.5), True),
        (answered(200, 0.4), False),
        (answered(500, 0.1), False),
        (failed(o.PER_TRY_TIMEOUT), True),
        (failed(o.REQUEST_TIMEOUT), True),
        (failed(o.CONNECT_FAILURE), False),
        (answered(404, 9.0), False),
        (answered(200, 9.0, o.CLIENT_GONE), False),
    ],
)
def test_slowness(outcome: Outcome, opens: bool) -> None:
    gate = breaker(SLOW)
    calls(gate, outcome, START, times=30)
    assert is_open(gate, START) is opens


def test_the_first_of_several_conditions_opens_it() -> None:
    conditions = {"any": [ERRORS, SLOW, {"consecutive_errors": 2}]}
    gate = breaker(conditions)
    assert calls(gate, answered(500), START) == 2
    assert refusal(gate, START).facts["opened_by"] == "consecutive_errors"
    gate = breaker(conditions)
    assert calls(gate, answered(200, 0.5), START, times=9) == 4
    assert refusal(gate, START).facts["opened_by"] == "slow_ratio"


def test_a_refusal_says_when_to_come_back_and_names_no_rule() -> None:
    gate = breaker()
    calls(gate, answered(500), START)
    reply = refusal(gate, START + 2.0)
    assert (reply.status, reply.reason) == (503, "breaker_open")
    assert "rule" not in reply.detail
    assert reply.retry_after == 3.0
    assert reply.facts == {
        "state": "open",
        "opened_by": "error_ratio",
        "error_ratio": 1.0,
        "error_ratio_limit": 0.5,
        "error_ratio_requests": 4,
        "error_ratio_at_least": 4,
        "error_ratio_over_seconds": 10.0,
        "openings": 1,
        "next_probe_seconds": 3.0,
    }
    assert gate.facts(REQUEST, START + 2.0) == reply.facts


def test_who_comes_back_when_told_is_let_in() -> None:
    gate = breaker(open_for={"first": "1s", "growing_to": "10s", "jitter": "20%"})
    now = START + 0.1
    calls(gate, answered(500), now)
    for _ in range(20):
        reply = refusal(gate, now)
        assert reply.retry_after is not None
        now += reply.retry_after
        assert calls(gate, answered(500), now, times=2) == 2
        assert is_open(gate, now)


def test_it_closes_when_enough_probes_succeed() -> None:
    gate = breaker(half_open={"probes": 2, "close_when": {"success_ratio": "50%"}})
    calls(gate, answered(500), START)
    assert call(gate, answered(500), START + 5.0)
    assert call(gate, answered(200), START + 5.0)
    assert calls(gate, answered(200), START + 5.0, times=50) == 50


def test_probes_that_say_nothing_give_their_places_to_others() -> None:
    gate = breaker(half_open={"probes": 1})
    calls(gate, answered(500), START)
    for outcome in (failed(o.CLIENT_GONE), failed(o.POOL_OVERFLOW), answered(429)):
        assert calls(gate, outcome, START + 5.0, times=10) == 10
    ticket = gate.take(REQUEST, START + 5.0)
    assert is_open(gate, START + 5.0)
    gate.settle(REQUEST, ticket, answered(200), START + 5.0)
    assert not is_open(gate, START + 5.0)


@pytest.mark.parametrize("status", [400, 401, 404, 499])
def test_an_upstream_that_answers_probes_with_4xx_is_alive(status: int) -> None:
    gate = breaker(half_open={"probes": 2, "close_when": {"success_ratio": "100%"}})
    calls(gate, answered(500), START)
    assert calls(gate, answered(status), START + 5.0, times=50) == 50
    assert calls(gate, answered(500), START + 5.1) == 4, "closed, they did not count"


def test_giving_up() -> None:
    gate = breaker(half_open={"probes": 1, "give_up_after": "3s"})
    calls(gate, answered(500), START)
    ticket = gate.take(REQUEST, START + 5.0)
    assert refusal(gate, START + 7.9).retry_after == pytest.approx(0.1)
    assert refusal(gate, START + 8.0).retry_after == pytest.approx(10.0)
    gate.settle(REQUEST, ticket, answered(200), START + 9.0)
    assert is_open(gate, START + 9.0)


def test_every_change_is_told() -> None:
    world = World()
    gate = breaker(world=world, half_open={"probes": 1})
    calls(gate, answered(500), START)
    call(gate, answered(200), START + 5.0)
    assert [notice.event for notice in world.notices] == ["sidecar.breaker"] * 3
    assert [notice.text for notice in world.notices] == [
        "breaker inventory is open for 5s: 4 of 4 requests in 10s failed",
        "breaker inventory is half open: its time was over",
        "breaker inventory is closed: the probes succeeded",
    ]
    opened = world.notices[0].facts
    assert opened == {
        "sidecar.rule.kind": "breakers",
        "sidecar.rule.name": "inventory",
        "sidecar.rule.mode": "enforce",
        "sidecar.breaker.state": "open",
        "sidecar.breaker.previous_state": "closed",
        "sidecar.breaker.opened_by": "error_ratio",
        "sidecar.breaker.open_seconds": 5.0,
    }
    declared = {attribute.name for attribute in ATTRIBUTES}
    assert all(declared.issuperset(notice.facts) for notice in world.notices)


def test_readings() -> None:
    gate = breaker({"any": [ERRORS, SLOW]})
    calls(gate, answered(200, 0.5), START, times=2)
    assert calls(gate, answered(500), START, times=1) == 1
    assert readings(gate, START) == {
        "breaker_state closed": 1,
        "breaker_state open": 0,
        "breaker_state half_open": 0,
        "breaker_error_ratio": pytest.approx(1 / 3),
        "breaker_slow_ratio": pytest.approx(2 / 3),
        "breaker_next_probe_seconds": 0,
        "breaker_openings": 0,
        "breaker_forced": 0,
    }
    gate.force("open", START + 60.0, START)
    shown = readings(gate, START + 20.0)
    assert (shown["breaker_state open"], shown["breaker_state closed"]) == (1, 0)
    assert (shown["breaker_next_probe_seconds"], shown["breaker_openings"]) == (40, 1)
    assert shown["breaker_forced"] == 1


def test_what_an_operator_forces_holds_over_reloads_and_ends() -> None:
    gate = breaker()
    gate.force("open", START + 60.0, START)
    after = breaker()
    after.adopt(gate, START + 1.0)
    assert refusal(after, START + 1.0).retry_after == 59.0
    assert refusal(after, START + 1.0).facts["forced"] == "open"
    after.force("closed", START + 60.0, START + 2.0)
    again = breaker()
    again.adopt(after, START + 3.0)
    assert calls(again, answered(500), START + 3.0, times=50) == 50
    assert calls(again, answered(500), START + 58.0, times=50) == 50
    assert calls(again, answered(500), START + 60.0, times=50) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"error_ratio": "90%", "over": "60s", "at_least": "100 requests"},
        {"consecutive_errors": 5},
        SLOW,
    ],
)
def test_an_open_breaker_stays_open_when_its_conditions_change(changed: dict[str, Any]) -> None:
    gate = breaker()
    calls(gate, answered(500), START)
    after = breaker(changed, half_open={"probes": 1})
    after.adopt(gate, START + 1.0)
    assert refusal(after, START + 1.0).retry_after == 4.0
    assert call(after, answered(200), START + 5.0)
    assert not is_open(after, START + 5.0)


def test_what_was_counted_counts_on_under_another_window() -> None:
    gate = breaker()
    calls(gate, answered(500), START, times=3)
    after = breaker({**ERRORS, "over": "30s"})
    after.adopt(gate, START)
    assert not is_open(after, START)
    assert call(after, answered(500), START + 15.0)
    assert is_open(after, START + 15.0)


def test_requests_that_began_before_a_reload_count_after_it() -> None:
    gate = breaker()
    tickets = [gate.take(REQUEST, START) for _ in range(4)]
    after = breaker()
    after.adopt(gate, START)
    for ticket in tickets:
        gate.settle(REQUEST, ticket, answered(500), START)
    assert is_open(after, START)
    assert is_open(gate, START)


def test_asking_leaves_no_trace() -> None:
    gate = breaker()
    calls(gate, answered(500), START)
    for later in (0.0, 4.9, 5.0, 100.0, 1e6):
        gate.peek(REQUEST, START + later)
        gate.facts(REQUEST, START + later)
        list(gate.readings(START + later))
    assert refusal(gate, START).retry_after == 5.0


def mistakes() -> Iterator[Any]:
    for name, open_when in {
        "nothing": {},
        "only over": {"over": "10s"},
        "two at once": {**ERRORS, "consecutive_errors": 3},
        "slow without a limit": {"slow_ratio": "50%"},
        "a limit without slow": {**ERRORS, "slower_than": "1s"},
        "a window for a row": {"consecutive_errors": 3, "over": "10s"},
        "a number for a row": {"consecutive_errors": 3, "at_least": "5 requests"},
        "no share": {**ERRORS, "error_ratio": "0%"},
        "a bare number": {**ERRORS, "at_least": 4},
        "any and more": {"any": [ERRORS], "consecutive_errors": 3},
        "any of nothing": {"any": []},
        "any in any": {"any": [{"any": [ERRORS]}]},
    }.items():
        yield pytest.param({"open_when": open_when}, id=name)
    yield pytest.param({"open_for": {"first": "9s", "growing_to": "3s"}}, id="shrinking")
    yield pytest.param({"half_open": {"probes": 0}}, id="no probes")
    yield pytest.param({"half_open": {"close_when": {"success_ratio": "0%"}}}, id="no success")
    yield pytest.param({"count_as_error": []}, id="no errors")
    yield pytest.param({"count_as_error": "4xx"}, id="a class of 4xx")


@pytest.mark.parametrize("fields", [*mistakes()])
def test_a_mistake_is_told(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(**{"open_when": ERRORS, **fields})


def test_a_long_first_time_needs_no_bound() -> None:
    gate = breaker(open_for={"first": "5m", "jitter": "0%"})
    calls(gate, answered(500), START)
    assert refusal(gate, START).retry_after == 300.0
