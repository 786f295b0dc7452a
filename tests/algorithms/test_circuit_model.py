"""A breaker against a reference that only knows the rules, on a virtual clock."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.algorithms.circuit import CLOSED, HALF_OPEN, OPEN, CircuitSettings
from sidecar.algorithms.trip import ConsecutiveErrors
from tests.algorithms.circuit_bench import Bench


class AgainstTheRules(RuleBasedStateMachine):
    """Calls in flight, results in any order, reloads and operators, at any time.

    The reference keeps the calls of the present state in plain lists and is told of every change;
    what it knows of time is bounds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.luck = 0.0
        self.settings = CircuitSettings(4.0, 16.0, 0.25, 3, 0.6, 20.0)
        self.bench = Bench(self.settings, [ConsecutiveErrors(2)], luck=self._chance)
        self.circuit = self.bench.circuit
        self.flying: list[tuple[int, int]] = []
        self.results: list[bool] = []
        self.row = 0
        self.changes = 0
        self.half_open_since = -inf
        self.told = 0

    def _chance(self) -> float:
        self.luck = (self.luck + 0.37) % 1.0
        return self.luck

    @property
    def now(self) -> float:
        return self.bench.now

    def note(self) -> None:
        """Hear what was told, and hold it against the rules."""
        for change in self.bench.told[self.told :]:
            assert change.before != change.after
            self.changes += 1
            self.results, self.row = [], 0
            if change.after == HALF_OPEN:
                assert change.before == OPEN
                self.half_open_since = self.now
            if change.after == OPEN and change.cause["opened_by"] != "operator":
                assert 3.0 - 1e-6 <= change.seconds <= 20.0 + 1e-6
        self.told = len(self.bench.told)

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.9, 5.0, 20.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.now += seconds

    @rule(later=st.sampled_from([0.0, 3.0, 1e5]))
    def ask(self, later: float) -> None:
        before = (self.circuit.state, self.circuit.in_flight, len(self.bench.told))
        self.circuit.wait(self.now + later)
        self.circuit.facts(self.now + later)
        assert before == (self.circuit.state, self.circuit.in_flight, len(self.bench.told))

    @rule()
    def come(self) -> None:
        wait = self.circuit.wait(self.now)
        if wait:
            assert self.circuit.state != CLOSED
            return
        ticket = self.circuit.enter(self.now)
        self.note()
        assert self.circuit.state in {CLOSED, HALF_OPEN}
        self.flying.append((ticket, self.changes))

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 99), error=st.sampled_from([True, True, False, None]))
    def go(self, which: int, error: bool | None) -> None:
        ticket, at = self.flying.pop(which % len(self.flying))
        state = self.circuit.state
        expired = state == HALF_OPEN and self.now >= self.half_open_since + 20.0
        self.circuit.leave(ticket, self.now, 0.0, error=error)
        if expired:
            assert self.circuit.state == OPEN
        elif at != self.changes or error is None:
            assert self.circuit.state == state
        elif state == CLOSED:
            self.row = self.row + 1 if error else 0
            forced = self.circuit.is_forced(self.now)
            assert (self.circuit.state == OPEN) == (self.row >= 2 and not forced)
        else:
            self.results.append(not error)
            good, bad = self.results.count(True), self.results.count(False)
            wanted = CLOSED if good >= 2 else OPEN if bad >= 2 else HALF_OPEN
            assert self.circuit.state == wanted
        self.note()

    @rule(state=st.sampled_from(["open", "closed", None]), seconds=st.sampled_from([1.0, 30.0]))
    def force(self, state: str | None, seconds: float) -> None:
        self.circuit.force(state, self.now + seconds, self.now)
        assert state is None or self.circuit.state == state
        self.note()

    @rule()
    def reload(self) -> None:
        state, wait = self.circuit.state_at(self.now), self.circuit.wait(self.now)
        tell = self.bench.told.append
        self.circuit.change(self.settings, [ConsecutiveErrors(2)], tell, self.now)
        assert self.circuit.state == state
        assert self.circuit.wait(self.now) == pytest.approx(wait)
        self.note()

    @invariant()
    def no_more_probes_than_places(self) -> None:
        if self.circuit.state == HALF_OPEN:
            probes = sum(at == self.changes for _, at in self.flying)
            assert self.circuit.in_flight == probes
            assert probes + len(self.results) <= 3

    @invariant()
    def it_always_lets_somebody_through_in_the_end(self) -> None:
        # Half open for 20 s at most, then open for 20 s at most; or as long as an operator said.
        assert self.circuit.wait(self.now) <= 40.0
        late = self.now + 60.0
        assert self.circuit.wait(late) == 0.0


TestAgainstTheRules = AgainstTheRules.TestCase
