"""Faults: the share of requests that they hit, a delay that comes once, and what is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.model.policy import Mode, Rule, Stage
from sidecar.model.verdict import ADMIT, LocalReply, Park, Place, Respond
from sidecar.policies import fault
from sidecar.policies.fault import Fault, FaultSpec
from sidecar.proxy.chain import Passage, abandon, admit
from sidecar.ruleset.routes import Chain
from tests.policies.building import World
from tests.proxy.gates import Count, Told, step

DELAY = {"of": "800ms"}
ABORT = {"status": 503}


def faults(name: str = "chaos", **fields: Any) -> Fault:
    spec = FaultSpec.model_validate({"name": name, **fields})
    return spec.build(World().context(kind="faults", name=name))


def request(number: int = 0) -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.decision = b"%016x" % number
    return head


def is_empty(gate: Fault) -> bool:
    return not gate._waiting and not gate._served


def test_it_stands_behind_access() -> None:
    assert faults(delay=DELAY).stage is Stage.FAULT


def test_a_delay_comes_once() -> None:
    gate, asked = faults(delay=DELAY), request()
    first = gate.peek(asked, 10.0)
    assert isinstance(first, Park)
    assert first.until == 10.8
    again = gate.peek(asked, 10.5)
    assert isinstance(again, Park)
    assert again.place is first.place
    assert gate.peek(asked, 10.8) is ADMIT
    gate.take(asked, 10.8)
    assert is_empty(gate)


def test_an_abort_says_that_it_was_ordered() -> None:
    verdict = faults(abort=ABORT).peek(request(), 0.0)
    assert isinstance(verdict, Respond)
    assert (verdict.reply.status, verdict.reply.reason) == (503, "fault_injected")


def test_who_is_delayed_may_be_aborted_afterwards() -> None:
    gate, asked = faults(delay=DELAY, abort=ABORT), request()
    assert isinstance(gate.peek(asked, 0.0), Park)
    assert isinstance(gate.peek(asked, 0.9), Respond)


@pytest.mark.parametrize("share, low, high", [("30%", 2800, 3200), ("5%", 430, 570), ("0%", 0, 0)])
def test_a_share_of_the_requests_is_hit_and_the_same_when_asked_again(
    share: str, low: int, high: int
) -> None:
    gate = faults(abort={"status": 503, "share": share})
    hit = [isinstance(gate.peek(request(number), 0.0), Respond) for number in range(10_000)]
    again = [isinstance(gate.peek(request(number), 9.0), Respond) for number in range(10_000)]
    assert hit == again
    assert low <= sum(hit) <= high


def test_two_rules_hit_different_requests() -> None:
    one, other = (faults(name, abort={"status": 503, "share": "10%"}) for name in ("a", "b"))
    both = sum(
        isinstance(one.peek(request(number), 0.0), Respond)
        and isinstance(other.peek(request(number), 0.0), Respond)
        for number in range(10_000)
    )
    assert 60 < both < 140


def test_what_is_drawn_is_told() -> None:
    gate = faults(delay=DELAY, abort={"status": 500, "share": "0%"})
    assert gate.facts(request(), 0.0) == {"delay_seconds": 0.8, "abort_status": 0}
    assert faults(abort=ABORT).facts(request(), 0.0) == {"delay_seconds": 0.0, "abort_status": 503}


# --- in a chain


def passed(
    chain: Chain, asked: RequestHead, passage: Passage, now: float
) -> LocalReply | Park | None:
    return admit(chain, asked, passage, now)


def test_another_rule_that_lets_wait_does_not_bring_the_delay_back() -> None:
    gate, place = faults(delay=DELAY), Place()
    queue = Told(Park(99.0, place), Stage.CONCURRENCY, name="queue")
    chain = Chain((step(gate), step(queue, order=1)))
    asked, passage = request(), Passage()
    assert isinstance(passed(chain, asked, passage, 0.0), Park)
    waits = passed(chain, asked, passage, 0.9)
    assert isinstance(waits, Park)
    assert waits.place is place
    assert passed(chain, asked, passage, 1.0) == waits
    queue.answers = ADMIT
    assert passed(chain, asked, passage, 1.1) is None
    assert is_empty(gate)


def test_two_delays_follow_one_another() -> None:
    gates = [faults(name, delay=DELAY) for name in ("one", "two")]
    chain = Chain(tuple(step(gate, order=place) for place, gate in enumerate(gates)))
    asked, passage, now, times = request(), Passage(), 0.0, 0
    while isinstance(park := passed(chain, asked, passage, now), Park):
        now, times = park.until, times + 1
    assert (park, times, now) == (None, 2, 1.6)
    assert all(map(is_empty, gates))


def test_who_goes_away_is_forgotten() -> None:
    gate, asked, passage = faults(delay=DELAY), request(), Passage()
    assert isinstance(admit(Chain((step(gate),)), asked, passage, 0.0), Park)
    abandon(passage, asked)
    assert is_empty(gate)


def test_in_shadow_it_counts_and_delays_nobody() -> None:
    gate = faults(delay=DELAY)
    one = step(gate, mode=Mode.SHADOW)
    assert admit(Chain(shadow=(one,)), request(), Passage(), 0.0) is None
    assert isinstance(one.tally, Count)
    assert (one.tally.parked, one.tally.refused) == (1, 0)
    assert is_empty(gate)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "_REMEMBERED_AT_MOST", 10)
    gate = faults(delay=DELAY)
    for number in range(50):
        park = gate.peek(request(number), 0.0)
        assert isinstance(park, Park)
        gate.peek(request(number), 1.0)
        gate.leave(request(number), park.place)
    assert (len(gate._waiting), len(gate._served)) == (0, 10)


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ask", "leave"])), max_size=40))
def test_nobody_is_delayed_for_longer_than_once(steps: list[tuple[int, str]]) -> None:
    """Whoever asks, asks when told; whoever leaves and comes back has waited already."""
    gate, now = faults(delay={"of": "1s"}), 0.0
    waited: dict[int, float] = {}
    places: dict[int, Park] = {}
    for number, what in steps:
        asked = request(number)
        if what == "ask":
            verdict = gate.peek(asked, now)
            if isinstance(verdict, Park):
                waited[number] = waited.get(number, 0.0) + verdict.until - now
                places[number] = verdict
                now = verdict.until
                assert gate.peek(asked, now) is ADMIT
        elif number in places:
            gate.leave(asked, places[number].place)
    assert all(seconds <= 1.0 + 1e-9 for seconds in waited.values())


def test_the_fields_that_ask_for_faults_are_for_callers_to_send() -> None:
    spec = FaultSpec.model_validate(
        {"name": "a", "delay": DELAY, "match": {"header": {"X-Chaos": "1"}}}
    )
    ((name, of_callers),) = [(use.name, use.of_callers) for use in spec.headers_used()]
    assert (name, of_callers) == ("x-chaos", True)
    assert spec.rule("test:1") == Rule("faults", "a", Mode.ENFORCE, "test:1")
