"""Pace: who waits how long, in which order, and what becomes of a turn that is given up."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.model.http import RequestHead
from sidecar.model.policy import Reading
from sidecar.model.verdict import ADMIT, Park, Place, Respond
from sidecar.policies.rate_limit import RateLimit
from tests.policies.rate_limit.gates import gate, passes, request


def paced(limit: str = "10/s", **fields: object) -> RateLimit:
    return gate(limit=limit, algorithm="pace", **fields)


def waits(limit: RateLimit, head: RequestHead, now: float) -> float | None:
    """Until when the request waits; None when it is refused."""
    verdict = limit.peek(head, now)
    if isinstance(verdict, Park):
        return verdict.until
    return now if verdict is ADMIT else None


def test_eight_at_once() -> None:
    limit = paced(wait_at_most="500ms")
    assert passes(limit, request(), 5.0)
    heads = [request() for _ in range(7)]
    until = [waits(limit, head, 5.0) for head in heads]
    assert until[:5] == pytest.approx([5.1, 5.2, 5.3, 5.4, 5.5])
    assert until[5:] == [None, None]
    assert Reading("waiting_for_turn", 5) in limit.readings(5.0)
    reply = limit.peek(heads[5], 5.0)
    assert isinstance(reply, Respond)
    assert reply.reply.retry_after == pytest.approx(0.1)
    for head, turn in zip(heads[:5], until, strict=False):
        assert turn is not None
        # Asked again too soon, it keeps its turn.
        assert waits(limit, head, turn - 0.05) == turn
        assert passes(limit, head, turn)
    assert limit.waiting == 0


def test_half_a_second_is_waited_when_nothing_is_written() -> None:
    limit = paced("1/s")
    assert passes(limit, request(), 5.0)
    assert waits(limit, request(), 5.4) is None
    assert waits(limit, request(), 5.5) == pytest.approx(6.0)


def test_each_value_has_turns_of_its_own() -> None:
    limit = paced(per="user")
    assert passes(limit, request(user="ann"), 5.0)
    assert passes(limit, request(user="bob"), 5.0)
    assert waits(limit, request(user="ann"), 5.0) == pytest.approx(5.1)


def test_who_gives_up_leaves_the_turn_to_the_next_who_comes() -> None:
    limit = paced()
    assert passes(limit, request(), 5.0)
    heads = [request() for _ in range(3)]
    places = []
    for head in heads:
        verdict = limit.peek(head, 5.0)
        assert isinstance(verdict, Park)
        places.append(verdict.place)
    limit.leave(heads[0], places[0])
    assert limit.waiting == 2
    assert waits(limit, request(), 5.01) == pytest.approx(5.1)
    limit.leave(heads[0], places[0])
    assert limit.waiting == 3


def test_a_changed_pace_keeps_those_who_wait_in_their_turns() -> None:
    old = paced()
    assert passes(old, request(), 5.0)
    head = request()
    assert waits(old, head, 5.0) == pytest.approx(5.1)
    new = paced("2/s")
    new.adopt(old, 5.0)
    assert waits(new, request(), 5.0) == pytest.approx(5.2)
    # Who waits goes on with the rules it began with.
    assert passes(old, head, 5.1)
    assert waits(new, request(), 5.3) == pytest.approx(5.7)


def test_another_algorithm_counts_those_who_wait() -> None:
    old = paced("10/s", wait_at_most="300ms")
    assert passes(old, request(), 5.0)
    heads = [request() for _ in range(3)]
    assert None not in [waits(old, head, 5.0) for head in heads]
    new = gate(limit="10/s", algorithm="fixed_window")
    new.adopt(old, 5.0)
    assert new.facts(request(), 5.0)["available"] == 6
    assert passes(old, heads[0], 5.1)


def test_in_shadow_a_turn_is_taken_without_waiting() -> None:
    """As the chain asks a shadow rule: it leaves at once, and takes."""
    limit = paced()
    until = []
    for _ in range(3):
        head = request()
        verdict = limit.peek(head, 5.0)
        if isinstance(verdict, Park):
            until.append(verdict.until)
            limit.leave(head, verdict.place)
        limit.take(head, 5.0)
    assert until == pytest.approx([5.1, 5.2])
    assert limit.waiting == 0


class Crowd(RuleBasedStateMachine):
    """Requests that come, wait, give up and go, in any order; a reload now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.limit = paced(wait_at_most="400ms")
        self.waiting: dict[RequestHead, tuple[RateLimit, Place, float]] = {}
        self.gone: list[float] = []

    @rule(gap=st.sampled_from([0.0, 0.03, 0.1, 0.25, 2.0]))
    def time_passes(self, gap: float) -> None:
        end = self.now + gap
        for head, (limit, _, until) in sorted(self.waiting.items(), key=lambda one: one[1][2]):
            if until <= end:
                assert passes(limit, head, until)
                self.gone.append(until)
                del self.waiting[head]
        self.now = end

    @rule()
    def come(self) -> None:
        head = request()
        verdict = self.limit.peek(head, self.now)
        if verdict is ADMIT:
            self.limit.take(head, self.now)
            self.gone.append(self.now)
        elif isinstance(verdict, Park):
            assert self.now < verdict.until <= self.now + 0.4 + 1e-6
            self.waiting[head] = (self.limit, verdict.place, verdict.until)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        head = data.draw(st.sampled_from(list(self.waiting)))
        limit, place, _ = self.waiting.pop(head)
        limit.leave(head, place)

    @rule()
    def reload(self) -> None:
        changed = paced(wait_at_most="400ms")
        changed.adopt(self.limit, self.now)
        self.limit = changed

    @invariant()
    def nobody_goes_too_soon_after_another(self) -> None:
        turns = sorted([*self.gone, *(until for _, _, until in self.waiting.values())])
        for number, turn in enumerate(turns[1:]):
            assert turn - turns[number] >= 0.1 - 2e-3


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(max_examples=60, stateful_step_count=40)
