"""The chain's promises, for any rules: all or nothing, settled once, shadows change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import GateBasics, Mode, Rule, Stage
from sidecar.model.verdict import ADMIT, Admit, LocalReply, Park, Place, Respond, Verdict
from sidecar.proxy.chain import NO_TICKETS, Passage, abandon, admit, settle
from sidecar.ruleset.routes import Chain, Step
from tests.proxy.gates import Count, Told

REQUEST = RequestHead("GET", b"/", 1)
OUTCOME = Outcome(OutcomeClass.SUCCESS, 200, 0.1, None)

Log = list[tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """What a gate will answer, ask after ask; it admits when the plan is at its end.

    A: admits, a: admits with an ``Admit`` of its own, P: parks at its place, N: parks at a new
    place, R: refuses.
    """

    answers: str = ""
    shadow: bool = False
    settles: bool = True
    matches: bool = True
    #: Whether there is something to test at all.
    tested: bool = False

    @property
    def test(self) -> Callable[[RequestHead], bool] | None:
        """What the step has as its match."""
        matches = self.matches
        return None if matches and not self.tested else lambda _request: matches


@dataclass
class Planned(GateBasics):
    """A gate that follows its plan and watches over the contract of gates."""

    settles: ClassVar[bool] = False
    name: str
    plan: Plan
    log: Log
    stage: Stage = Stage.ACCESS
    asked: int = 0
    places: list[Place] = field(default_factory=list)
    tickets: set[int] = field(default_factory=set)
    admits_now: bool = False

    def peek(self, _request: RequestHead, _now: float) -> Verdict:
        answer = (self.plan.answers + "A" * 20)[self.asked]
        self.asked += 1
        self.log.append((self.name, "peek", answer))
        self.admits_now = answer in "Aa"
        if answer == "R":
            return Respond(LocalReply(429, self.name, "no"))
        if answer in "Aa":
            return ADMIT if answer == "A" else Admit()
        if answer == "N" or not self.places:
            self.places.append(Place())
        return Park(10.0, self.places[-1])

    def take(self, _request: RequestHead, _now: float) -> int:
        # A shadow rule that would let it wait counts it at once: the request does not wait.
        assert self.admits_now or self.plan.shadow, "taken without having agreed"
        self.log.append((self.name, "take"))
        self.places.clear()
        ticket = len(self.tickets) + 100
        self.tickets.add(ticket)
        return ticket

    def settle(self, _request: RequestHead, ticket: int, outcome: Outcome, _now: float) -> None:
        self.log.append((self.name, "settle"))
        self.tickets.remove(ticket)
        assert outcome is OUTCOME

    def leave(self, _request: RequestHead, place: Place) -> None:
        self.log.append((self.name, "leave"))
        assert place.wake is None
        self.places.remove(place)

    def adopt(self, predecessor: object, now: float) -> None:
        """Nothing to take over."""


class Settling(Planned):
    """The same that wants to be told the end."""

    settles = True


class Ride:
    """One request through one chain, ask after ask, to its end."""

    def __init__(self, plans: list[Plan]) -> None:
        self.log: Log = []
        self.gates = [
            (Settling if plan.settles else Planned)(f"{number}", plan, self.log)
            for number, plan in enumerate(plans)
        ]
        self.steps = [
            Step(
                Rule("told", gate.name, Mode.SHADOW if gate.plan.shadow else Mode.ENFORCE, "x:1"),
                gate,
                gate.plan.test,
                Count(),
                order,
            )
            for order, gate in enumerate(self.gates)
        ]
        shadow = [gate.plan.shadow for gate in self.gates]
        self.chain = Chain(
            tuple(step for step, is_so in zip(self.steps, shadow, strict=True) if not is_so),
            tuple(step for step, is_so in zip(self.steps, shadow, strict=True) if is_so),
        )
        self.passage = Passage()
        self.replies: list[LocalReply | Park | None] = []

    def go(self, patience: int) -> LocalReply | Park | None:
        """Ask until there is an answer, or ``patience`` is at its end."""
        for _ in range(patience):
            reply = admit(self.chain, REQUEST, self.passage, 1.0)
            self.replies.append(reply)
            if not isinstance(reply, Park):
                return reply
            assert self.passage.parked is not None
            assert self.passage.parked[1] is reply.place
            reply.place.wake = _nothing
        abandon(self.passage, REQUEST)
        return self.replies[-1]

    def done(self, verb: str, *, shadow: bool) -> list[str]:
        """Which gates did so, in order."""
        names = {gate.name for gate in self.gates if gate.plan.shadow == shadow}
        return [entry[0] for entry in self.log if entry[1] == verb and entry[0] in names]


def _nothing() -> None:
    """Nobody is woken."""


plans = st.lists(
    st.builds(
        Plan,
        answers=st.text("AaPNR", max_size=3),
        shadow=st.booleans(),
        settles=st.booleans(),
        matches=st.sampled_from([True, True, True, False]),
        tested=st.booleans(),
    ),
    max_size=6,
)


@given(plans, st.integers(1, 5))
def test_all_take_or_none(them: list[Plan], patience: int) -> None:
    ride = Ride(them)
    reply = ride.go(patience)
    enforced = [gate.name for gate in ride.gates if not gate.plan.shadow and gate.plan.matches]
    assert ride.done("take", shadow=False) == (enforced if reply is None else [])
    if reply is None:
        shadows = [gate for gate in ride.gates if gate.plan.shadow and gate.plan.matches]
        taken = [gate.name for gate in shadows if "R" not in gate.plan.answers[:1]]
        assert ride.done("take", shadow=True) == taken
    else:
        assert ride.done("take", shadow=True) == []
    tallies = {step.rule.name: step.tally.admitted for step in ride.steps}
    assert tallies == {gate.name: len(gate.tickets) for gate in ride.gates}


@given(plans, st.integers(1, 5))
def test_who_took_is_told_the_end_once_and_last_first(them: list[Plan], patience: int) -> None:
    ride = Ride(them)
    ride.go(patience)
    taken = [entry[0] for entry in ride.log if entry[1] == "take"]
    settle(ride.passage, REQUEST, OUTCOME, 2.0)
    settle(ride.passage, REQUEST, OUTCOME, 2.0)
    told = [entry[0] for entry in ride.log if entry[1] == "settle"]
    assert told == [name for name in reversed(taken) if ride.gates[int(name)].settles]
    assert all(not gate.tickets for gate in ride.gates if gate.settles)
    assert ride.passage.tickets is NO_TICKETS
    assert NO_TICKETS == []


@given(plans, st.integers(1, 5))
def test_a_place_is_kept_until_it_is_taken_or_left_once(them: list[Plan], patience: int) -> None:
    ride = Ride(them)
    ride.go(patience)
    assert ride.passage.parked is None
    assert [gate.name for gate in ride.gates if gate.places] == []
    # A request that waits on at the same place was parked there once.
    for gate, step in zip(ride.gates, ride.steps, strict=True):
        stays = ride.log.count((gate.name, "leave"))
        admitted = (gate.name, "take") in ride.log and not gate.plan.shadow
        assert stays <= step.tally.parked <= stays + admitted


@given(plans, st.integers(1, 5))
def test_shadow_rules_change_nothing_that_is_enforced(them: list[Plan], patience: int) -> None:
    with_shadows = Ride(them)
    without = Ride([replace(plan, matches=plan.matches and not plan.shadow) for plan in them])
    ends = [ride.go(patience) for ride in (with_shadows, without)]
    settle(with_shadows.passage, REQUEST, OUTCOME, 2.0)
    settle(without.passage, REQUEST, OUTCOME, 2.0)
    shadows = {gate.name for gate in with_shadows.gates if gate.plan.shadow}
    seen = [entry for entry in with_shadows.log if entry[0] not in shadows]
    assert seen == without.log
    reasons = [end.reason if isinstance(end, LocalReply) else type(end) for end in ends]
    assert reasons[0] == reasons[1]
    refused = [ride.passage.refused_by for ride in (with_shadows, without)]
    assert [step and step.rule.name for step in refused] == [
        step and step.rule.name for step in reversed(refused)
    ]


@given(plans, st.integers(1, 5))
def test_shadow_rules_are_asked_once_after_the_verdict_and_counted(
    them: list[Plan], patience: int
) -> None:
    ride = Ride(them)
    reply = ride.go(patience)
    refused_by = ride.passage.refused_by
    shadows = [
        (gate, step)
        for gate, step in zip(ride.gates, ride.steps, strict=True)
        if gate.plan.shadow and gate.plan.matches
    ]
    if isinstance(reply, Park):
        asked = []
    elif reply is None:
        asked = shadows
    else:
        assert refused_by is not None
        asked = [one for one in shadows if one[1].order < refused_by.order]
    assert ride.done("peek", shadow=True) == [gate.name for gate, _ in asked]
    would = [step.label for gate, step in asked if gate.plan.answers[:1] == "R"]
    assert ride.passage.would_refuse == tuple(would)
    for gate, step in shadows:
        first = gate.plan.answers[:1] if (gate, step) in asked else ""
        assert step.tally.refused == (first == "R")
        assert step.tally.parked == (first in ("P", "N"))


@given(plans)
def test_the_first_that_refuses_decides_and_nobody_behind_it_is_asked(them: list[Plan]) -> None:
    enforced = [replace(plan, shadow=False) for plan in them]
    ride = Ride(enforced)
    reply = ride.go(1)
    first = next(
        (
            gate
            for gate in ride.gates
            if gate.plan.matches and gate.plan.answers[:1] not in ("", "A", "a")
        ),
        None,
    )
    if first is None:
        assert reply is None
        return
    asked = [gate.name for gate in ride.gates if gate.plan.matches]
    assert ride.done("peek", shadow=False) == asked[: asked.index(first.name) + 1]
    if first.plan.answers[0] == "R":
        assert isinstance(reply, LocalReply)
        assert reply.reason == first.name
        assert ride.passage.refused_by is ride.steps[int(first.name)]
        assert ride.steps[int(first.name)].tally.refused == 1
    else:
        assert isinstance(reply, Park)


def test_a_request_keeps_its_place_while_others_take_turns() -> None:
    ride = Ride([Plan("AAA"), Plan("PPA")])
    assert isinstance(ride.go(2), Park) is True
    assert ride.done("leave", shadow=False) == ["1"]
    ride = Ride([Plan("AAA"), Plan("PPA")])
    assert ride.go(3) is None
    assert ride.done("leave", shadow=False) == []
    assert ride.steps[1].tally.parked == 1


def test_a_place_is_given_up_when_another_gate_lets_it_wait_or_refuses() -> None:
    for later in ("AP", "AR"):
        ride = Ride([Plan(later), Plan("P")])
        ride.go(2)
        assert ride.log.index(("1", "leave")) > ride.log.index(("0", "peek", later[1]))


def test_a_turn_that_has_come_is_kept_while_a_gate_further_down_lets_it_wait() -> None:
    ride = Ride([Plan("P"), Plan("P")])
    assert ride.go(3) is None
    assert ride.done("leave", shadow=False) == []
    assert ride.passage.held == ()
    assert [step.tally.parked for step in ride.steps] == [1, 1]
    for patience, plans in ((2, ["P", "P"]), (3, ["P", "P", "R"])):
        ride = Ride([Plan(plan) for plan in plans])
        ride.go(patience)
        assert ride.done("leave", shadow=False) == ["1", "0"]
        assert (ride.passage.held, ride.passage.parked) == ((), None)


def test_who_waits_once_more_for_a_turn_that_had_come_has_one_place() -> None:
    ride = Ride([Plan("PAP"), Plan("P")])
    ride.go(3)
    assert sorted(ride.done("leave", shadow=False)) == ["0", "1"]
    assert [step.tally.parked for step in ride.steps] == [1, 1]
    assert all(not gate.places for gate in ride.gates)


def _limit(retry_after: float | None) -> Told:
    headers = ((b"RateLimit", b"%d" % (retry_after or 0)),)
    reply = LocalReply(429, "rate_limited", "no", retry_after, headers, {"by": "it"})
    return Told(Respond(reply))


def test_a_refusal_by_a_limit_tells_the_wait_after_which_all_limits_have_room() -> None:
    log = Told().log
    waits = Told(Park(10.0, Place()), log=log)
    gates = [_limit(2.0), Told(), _limit(7.0), waits, _limit(None), _limit(3.0)]
    steps = [
        Step(Rule("rate_limits", f"{n}", Mode.ENFORCE, "x:1"), gate, None, Count(), n)
        for n, gate in enumerate(gates)
    ]
    other = Step(Rule("breakers", "b", Mode.ENFORCE, "x:1"), _limit(99.0), None, Count(), 9)
    elsewhere = Step(
        Rule("rate_limits", "e", Mode.ENFORCE, "x:1"), _limit(99.0), lambda _: False, Count(), 10
    )
    passage = Passage()
    reply = admit(Chain((*steps, other, elsewhere)), REQUEST, passage, 1.0)
    assert isinstance(reply, LocalReply)
    assert (reply.retry_after, reply.headers) == (7.0, ((b"RateLimit", b"7"),))
    assert reply.facts == {"by": "it"}
    assert passage.refused_by is steps[0]
    assert [step.tally.refused for step in steps] == [1, 0, 0, 0, 0, 0]
    assert log[-1][:2] == ("gate", "leave")
    for gate in gates:
        assert "take" not in {entry[1] for entry in gate.log}


def test_a_refusal_for_good_tells_no_wait() -> None:
    steps = [
        Step(Rule("rate_limits", f"{n}", Mode.ENFORCE, "x:1"), _limit(wait), None, Count(), n)
        for n, wait in enumerate([None, 5.0])
    ]
    reply = admit(Chain(tuple(steps)), REQUEST, Passage(), 1.0)
    assert isinstance(reply, LocalReply)
    assert reply.retry_after is None


def test_a_gate_gone_from_the_chain_does_not_keep_the_place() -> None:
    """The chain may be another one after a wait; who is not in it any more is left."""
    ride = Ride([Plan("P")])
    reply = admit(ride.chain, REQUEST, ride.passage, 1.0)
    assert isinstance(reply, Park)
    assert admit(Chain(), REQUEST, ride.passage, 2.0) is None
    assert ride.log[-1] == ("0", "leave")


def test_an_empty_chain_admits_and_keeps_nothing() -> None:
    passage = Passage()
    assert admit(Chain(), REQUEST, passage, 1.0) is None
    assert passage.__dict__ == {}


@pytest.mark.parametrize("shadow", [False, True])
def test_a_gate_that_settles_nothing_gives_no_ticket(*, shadow: bool) -> None:
    ride = Ride([Plan(settles=False, shadow=shadow)])
    assert ride.go(1) is None
    assert ride.passage.tickets is NO_TICKETS
