"""A breaker on a virtual clock: as a story, and against a reference that only knows the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.algorithms.circuit import CLOSED, HALF_OPEN, OPEN, Circuit, CircuitSettings, Transition
from sidecar.algorithms.trip import Condition, ConsecutiveErrors, Ratio

SETTINGS = CircuitSettings(
    first_seconds=4.0, longest_seconds=15.0, jitter=0.0, probes=5, give_up_seconds=30.0
)


@dataclass
class Bench:
    """A circuit under test, with its clock."""

    settings: CircuitSettings = SETTINGS
    conditions: list[Condition] = field(default_factory=lambda: [ConsecutiveErrors(3)])
    luck: Callable[[], float] = lambda: 0.5
    now: float = 1000.0
    told: list[Transition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.circuit = Circuit(self.settings, self.conditions, self.luck, self.told.append)

    def call(self, *, error: bool | None, seconds: float = 0.0) -> bool:
        """One call from its beginning to its end; whether it was let through."""
        if self.circuit.wait(self.now):
            return False
        self.circuit.leave(self.circuit.enter(self.now), self.now, seconds, error=error)
        return True

    def fail(self, times: int = 3) -> None:
        for _ in range(times):
            assert self.call(error=True)

    def passes(self, seconds: float) -> None:
        self.now += seconds


def test_the_story_of_a_breaker() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.call(error=False)
    bench.fail(3)
    assert bench.circuit.state == OPEN
    assert not bench.call(error=False)
    assert bench.circuit.wait(bench.now) == 4.0
    bench.passes(4.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED
    assert [(one.before, one.after) for one in bench.told] == [
        (CLOSED, OPEN),
        (OPEN, HALF_OPEN),
        (HALF_OPEN, CLOSED),
    ]
    assert bench.told[0].cause == {
        "opened_by": "consecutive_errors",
        "consecutive_errors": 3,
        "consecutive_errors_limit": 3,
    }
    assert bench.told[0].seconds == 4.0


def test_open_time_doubles_up_to_its_bound_and_begins_anew_after_a_healthy_time() -> None:
    bench = Bench(conditions=[Ratio(1.0, 10.0, 3)])
    bench.fail()
    for seconds in (4.0, 8.0, 15.0, 15.0):
        assert bench.circuit.wait(bench.now) == seconds
        bench.passes(seconds)
        # Two failures of five are more than 80 % can bear.
        bench.fail(2)
    bench.passes(15.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    # Closed for less than it was open, and its window: the upstream was not well yet.
    bench.passes(24.9)
    bench.fail()
    assert bench.circuit.wait(bench.now) == 15.0
    bench.passes(15.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    bench.passes(25.0)
    bench.fail()
    assert bench.circuit.wait(bench.now) == 4.0


@pytest.mark.parametrize("luck, seconds", [(0.0, 3.2), (0.5, 4.0), (0.999999, 4.8)])
def test_jitter(luck: float, seconds: float) -> None:
    bench = Bench(CircuitSettings(4.0, 60.0, 0.2), luck=lambda: luck)
    bench.fail()
    assert bench.circuit.wait(bench.now) == pytest.approx(seconds, abs=1e-5)


def test_as_many_probes_as_said_and_not_one_more() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    tickets = [bench.circuit.enter(bench.now) for _ in range(5)]
    assert bench.circuit.wait(bench.now) == 1.0
    bench.circuit.leave(tickets[0], bench.now, 0.0, error=False)
    # Its result is there: its place is not free again.
    assert bench.circuit.wait(bench.now) == 1.0
    bench.circuit.leave(tickets[1], bench.now, 0.0, error=None)
    assert bench.circuit.wait(bench.now) == 0.0
    bench.circuit.enter(bench.now)
    assert bench.circuit.wait(bench.now) == 1.0
    bench.passes(29.5)
    assert bench.circuit.wait(bench.now) == 0.5


def test_probes_that_never_end_open_it_again() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    tickets = [bench.circuit.enter(bench.now) for _ in range(5)]
    bench.passes(30.0)
    assert bench.circuit.state_at(bench.now) == OPEN
    assert bench.circuit.wait(bench.now) == 8.0
    bench.passes(3.0)
    # A probe that ends after all is too late to count.
    bench.circuit.leave(tickets[0], bench.now, 0.0, error=False)
    assert bench.circuit.state == OPEN
    assert bench.circuit.wait(bench.now) == 5.0
    assert bench.told[-1].cause["opened_by"] == "give_up_after"
    bench.passes(5.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_nobody_came_for_the_whole_of_half_open_and_what_follows() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.passes(10_000.0)
    assert bench.circuit.wait(bench.now) == 0.0
    assert bench.call(error=False)
    assert [(one.before, one.after) for one in bench.told[2:]] == [
        (HALF_OPEN, OPEN),
        (OPEN, HALF_OPEN),
    ]
    assert bench.circuit.good == 1


def test_calls_from_before_the_opening_are_no_probes() -> None:
    bench = Bench()
    old = [bench.circuit.enter(bench.now) for _ in range(10)]
    bench.fail()
    for ticket in old[:5]:
        bench.circuit.leave(ticket, bench.now, 0.0, error=False)
    assert bench.circuit.state == OPEN
    bench.passes(4.0)
    probe = bench.circuit.enter(bench.now)
    for ticket in old[5:]:
        bench.circuit.leave(ticket, bench.now, 0.0, error=False)
    assert (bench.circuit.state, bench.circuit.good, bench.circuit.in_flight) == (HALF_OPEN, 0, 1)
    bench.circuit.leave(probe, bench.now, 0.0, error=False)
    assert bench.circuit.good == 1


def test_slow_probes_do_not_close_what_slowness_opened() -> None:
    bench = Bench(conditions=[Ratio(0.5, 10.0, 2, slower_than=0.4)])
    assert [bench.call(error=False, seconds=0.8) for _ in range(2)] == [True, True]
    bench.passes(4.0)
    assert [bench.call(error=False, seconds=0.8) for _ in range(2)] == [True, True]
    assert bench.circuit.state == OPEN
    bench.passes(8.0)
    assert [bench.call(error=True, seconds=0.1) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_every_condition_counts_every_call() -> None:
    bench = Bench(conditions=[Ratio(0.5, 10.0, 10), ConsecutiveErrors(3)])
    bench.fail()
    assert bench.circuit.cause["opened_by"] == "consecutive_errors"
    assert bench.conditions[0].facts(bench.now)["error_ratio_requests"] == 3


@pytest.mark.parametrize(
    "probes, ratio, enough", [(5, 0.8, 4), (5, 1.0, 5), (1, 0.01, 1), (20, 0.55, 11), (3, 0.5, 2)]
)
def test_how_many_probes_must_succeed(probes: int, ratio: float, enough: int) -> None:
    assert CircuitSettings(probes=probes, success_ratio=ratio).enough_successes == enough


def test_forced_open() -> None:
    bench = Bench()
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    assert bench.circuit.wait(bench.now) == 60.0
    assert bench.circuit.facts(bench.now)["forced"] == "open"
    assert bench.circuit.facts(bench.now)["forced_seconds"] == 60.0
    assert bench.told[-1].cause == {"opened_by": "operator"}
    # Once more, for longer: that is no news.
    bench.circuit.force("open", bench.now + 90.0, bench.now)
    assert (bench.circuit.wait(bench.now), len(bench.told)) == (90.0, 1)
    bench.passes(90.0)
    assert "forced" not in bench.circuit.facts(bench.now)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_forced_open_can_be_taken_back() -> None:
    bench = Bench()
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.call(error=False)
    assert bench.circuit.state == HALF_OPEN
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.circuit.state == HALF_OPEN


def test_taking_back_what_nobody_forced_changes_nothing() -> None:
    bench = Bench()
    bench.fail()
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.circuit.wait(bench.now) == 4.0


def test_forced_closed_goes_on_counting() -> None:
    bench = Bench()
    bench.fail()
    bench.circuit.force("closed", bench.now + 60.0, bench.now)
    bench.fail(50)
    assert bench.circuit.state == CLOSED
    bench.passes(60.0)
    bench.fail(1)
    assert bench.circuit.state == OPEN
    assert bench.circuit.cause["consecutive_errors"] == 51


def test_forcing_ends_what_the_probes_were_for() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    probes = [bench.circuit.enter(bench.now) for _ in range(5)]
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    for probe in probes:
        bench.circuit.leave(probe, bench.now, 0.0, error=False)
    assert bench.circuit.wait(bench.now) == 60.0


def test_other_settings_keep_it_open() -> None:
    bench = Bench()
    bench.fail()
    told: list[Transition] = []
    changed = CircuitSettings(first_seconds=60.0, jitter=0.0, probes=1)
    bench.circuit.change(changed, [Ratio(0.5, 99.0, 1)], told.append, bench.now)
    assert bench.circuit.wait(bench.now) == 4.0
    bench.passes(4.0)
    assert bench.call(error=False)
    assert [one.after for one in told] == [HALF_OPEN, CLOSED]
    assert bench.call(error=True)
    assert bench.circuit.state == OPEN


def test_other_settings_in_the_middle_of_probing() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.circuit.enter(bench.now)
    fewer = CircuitSettings(probes=1)
    bench.circuit.change(fewer, [ConsecutiveErrors(3)], bench.told.append, bench.now)
    assert bench.circuit.state == CLOSED


def test_other_settings_after_probing_took_too_long() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.passes(31.0)
    fewer = CircuitSettings(probes=1, jitter=0.0)
    bench.circuit.change(fewer, [ConsecutiveErrors(3)], bench.told.append, bench.now)
    assert bench.circuit.state == OPEN


def test_facts_of_each_state() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.circuit.facts(bench.now) == {
        "state": "closed",
        "consecutive_errors": 2,
        "consecutive_errors_limit": 3,
    }
    bench.fail(1)
    bench.passes(1.0)
    assert bench.circuit.facts(bench.now) == {
        "state": "open",
        "opened_by": "consecutive_errors",
        "consecutive_errors": 3,
        "consecutive_errors_limit": 3,
        "openings": 1,
        "next_probe_seconds": 3.0,
    }
    bench.passes(3.0)
    bench.call(error=True)
    bench.circuit.enter(bench.now)
    facts = bench.circuit.facts(bench.now)
    assert facts["state"] == "half_open"
    assert (facts["probes_good"], facts["probes_bad"], facts["probes_out"]) == (0, 1, 1)
    assert facts["probes_enough"] == 4


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
