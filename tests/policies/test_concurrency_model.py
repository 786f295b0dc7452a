"""A bulkhead against a model of lists: nobody is lost, overtaken, or woken twice."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.model.priority import CRITICAL, HIGH, LOW, MEDIUM
from sidecar.policies.concurrency import Concurrency
from tests.policies.bulkheads import Going, come, gate, request


class BulkheadModel(RuleBasedStateMachine):
    """Requests come, wait, are woken, go and end, over reloads; lists say what is right."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.at_most, self.queue = 2, 3
        self.gate = self.made()
        self.running: list[Going] = []
        self.waiting: list[tuple[int, int, Going, float]] = []
        self.called: list[Going] = []
        self.pushed: list[Going] = []
        self.arrivals = 0
        self.wakes: dict[Going, int] = {}

    def made(self) -> Concurrency:
        queue = {"at_most": self.queue, "wait_at_most": "1s"} if self.queue else None
        return gate(at_most=self.at_most, queue=queue)

    @property
    def free(self) -> int:
        return self.at_most - len(self.running) - len(self.called)

    def call(self) -> None:
        """Those who are first get what is free."""
        self.waiting.sort(key=lambda one: one[:2])
        while self.waiting and self.free > 0:
            going = self.waiting.pop(0)[2]
            self.called.append(going)
            self.wakes[going] = 1

    @rule(priority=st.sampled_from([LOW, MEDIUM, HIGH, CRITICAL]))
    def come(self, priority: int) -> None:
        going = come(self.gate, priority=priority)
        rank = CRITICAL - priority
        self.arrivals += 1
        entry = (rank, self.arrivals, going, self.now + 1.0)
        answer = going.ask(self.now)
        if self.free > 0:
            assert answer == "in"
            self.running.append(going)
        elif len(self.waiting) < self.queue:
            assert answer == "waits"
            self.waiting.append(entry)
        elif self.queue and self.waiting and max(self.waiting)[0] > rank:
            assert answer == "waits"
            last = max(self.waiting, key=lambda one: one[:2])
            self.waiting.remove(last)
            self.pushed.append(last[2])
            self.wakes[last[2]] = 1
            self.waiting.append(entry)
        else:
            assert answer in ("the line is full", "no slot is free")

    @precondition(lambda self: self.running)
    @rule(which=st.randoms(use_true_random=False))
    def end(self, which: Any) -> None:
        going = self.running.pop(which.randrange(len(self.running)))
        going.end(self.now)
        self.call()

    @precondition(lambda self: self.called)
    @rule(which=st.randoms(use_true_random=False))
    def take(self, which: Any) -> None:
        going = self.called.pop(which.randrange(len(self.called)))
        assert going.ask(self.now) == "in"
        self.running.append(going)

    @precondition(lambda self: self.pushed)
    @rule()
    def give_way(self) -> None:
        going = self.pushed.pop()
        assert going.ask(self.now) == "gave way to a higher priority"

    @precondition(lambda self: self.waiting)
    @rule(which=st.randoms(use_true_random=False))
    def ask_again(self, which: Any) -> None:
        entry = which.choice(self.waiting)
        answer = entry[2].ask(self.now)
        if self.now >= entry[3]:
            assert answer == "waited too long"
            self.waiting.remove(entry)
        else:
            assert answer == "waits"

    @precondition(lambda self: self.waiting or self.called or self.pushed)
    @rule(which=st.randoms(use_true_random=False))
    def go_away(self, which: Any) -> None:
        going = which.choice([*(one[2] for one in self.waiting), *self.called, *self.pushed])
        going.end(self.now)
        self.waiting = [one for one in self.waiting if one[2] is not going]
        self.called = [one for one in self.called if one is not going]
        self.pushed = [one for one in self.pushed if one is not going]
        self.call()

    @rule(seconds=st.sampled_from([0.25, 0.5, 2.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(at_most=st.integers(1, 4), queue=st.integers(0, 4))
    def reload(self, at_most: int, queue: int) -> None:
        self.at_most, self.queue = at_most, queue
        gate = self.made()
        gate.adopt(self.gate, self.now)
        self.gate = gate
        self.call()

    @invariant()
    def slots_and_line_are_those_of_the_model(self) -> None:
        assert self.gate.in_flight == len(self.running)
        assert self.gate.queued == len(self.waiting)
        assert self.gate.facts(request(), self.now)["in_flight"] == (
            len(self.running) + len(self.called)
        )

    @invariant()
    def nobody_waits_while_there_is_a_slot(self) -> None:
        assert not self.waiting or self.free <= 0

    @invariant()
    def exactly_those_are_woken_who_should_be_and_once(self) -> None:
        known = [*self.running, *self.called, *self.pushed, *(one[2] for one in self.waiting)]
        for going in known:
            assert going.woken == self.wakes.get(going, 0)

    def teardown(self) -> None:
        for going in [*self.called, *self.pushed, *(one[2] for one in self.waiting)]:
            going.end(self.now)
        for going in self.running:
            going.end(self.now)
        assert (self.gate.in_flight, self.gate.queued) == (0, 0)
        assert self.gate.facts(request(), self.now)["in_flight"] == 0


TestBulkheadModel = BulkheadModel.TestCase
TestBulkheadModel.settings = settings(max_examples=80, stateful_step_count=40)
