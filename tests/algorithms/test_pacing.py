"""Turns on a virtual clock against a list of them that is searched from end to end."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.algorithms.meter import Standing
from sidecar.algorithms.pacing import EARLY, Pacing

#: Times are multiples of 1/64, so that floats are exact.
INTERVAL = 0.25


class TurnsAgainstList(RuleBasedStateMachine):
    """One key: every turn that was given out, and what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.pacing = Pacing(1 / INTERVAL, 9)
        self.used: list[float] = []
        self.waiting: list[float] = []

    @rule(gap=st.sampled_from([0.0, 1 / 64, 0.125, 0.25, 1.0, 7.0]))
    def time_passes(self, gap: float) -> None:
        self.now += gap
        # Whoever waits takes the turn when it comes.
        for turn in sorted(self.waiting):
            if turn <= self.now:
                self.use(turn)

    def use(self, turn: float) -> None:
        self.pacing.use(b"key", turn)
        self.waiting.remove(turn)
        self.used.append(turn)

    @rule()
    def come(self) -> None:
        wait = self.pacing.seconds_until(b"key", self.now)
        if wait == 0:
            self.pacing.take(b"key", self.now)
            self.used.append(self.now)
        elif len(self.waiting) < 6:
            turn = self.pacing.reserve(b"key", self.now)
            assert turn == self.now + wait
            self.waiting.append(turn)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(sorted(self.waiting)))
        self.waiting.remove(turn)
        self.pacing.give_back(b"key", turn)

    @rule(later=st.sampled_from([0.0, 1.0, 1e6]))
    def ask(self, later: float) -> None:
        self.pacing.seconds_until(b"key", self.now + later)
        self.pacing.standing(b"key", self.now + later)

    @invariant()
    def turns_are_an_interval_apart(self) -> None:
        turns = sorted([*self.used, *self.waiting])
        assert all(later - one >= INTERVAL for one, later in pairwise(turns))

    @invariant()
    def nobody_waits_for_turns_that_nobody_has(self) -> None:
        ahead = [turn for turn in self.waiting if turn > self.now]
        last = max(self.used, default=-inf)
        most = max(0.0, last + INTERVAL - self.now) + INTERVAL * (len(ahead) + 1)
        assert self.pacing.seconds_until(b"key", self.now) <= most
        assert self.pacing.waiting == len(self.waiting)


TestTurns = TurnsAgainstList.TestCase
TestTurns.settings = settings(max_examples=80, stateful_step_count=40)


def test_eight_at_once_at_ten_a_second() -> None:
    pacing = Pacing(10.0, 9)
    assert pacing.admits(b"key", 5.0)
    pacing.take(b"key", 5.0)
    turns = [pacing.reserve(b"key", 5.0) for _ in range(5)]
    assert turns == pytest.approx([5.1, 5.2, 5.3, 5.4, 5.5])
    assert pacing.seconds_until(b"key", 5.0) == pytest.approx(0.6)
    assert pacing.waiting == 5
    assert pacing.left(b"key", 5.0) == pytest.approx(-5.0)


def test_a_turn_given_back_goes_to_the_next_who_comes() -> None:
    pacing = Pacing(10.0, 9)
    pacing.take(b"key", 5.0)
    turns = [pacing.reserve(b"key", 5.0) for _ in range(3)]
    pacing.give_back(b"key", turns[1])
    assert pacing.reserve(b"key", 5.05) == turns[1]
    assert pacing.reserve(b"key", 5.05) == pytest.approx(5.4)


def test_the_end_of_the_line_given_back_is_as_if_never_given_out() -> None:
    pacing = Pacing(10.0, 9)
    pacing.take(b"key", 5.0)
    turns = [pacing.reserve(b"key", 5.0) for _ in range(4)]
    for turn in (turns[2], turns[3], turns[1]):
        pacing.give_back(b"key", turn)
    assert pacing.seconds_until(b"key", 5.0) == pytest.approx(0.2)
    pacing.give_back(b"key", turns[0])
    assert pacing.seconds_until(b"key", 5.0) == pytest.approx(0.1)
    assert (pacing.waiting, pacing.tracked) == (0, 1)


def test_a_turn_that_passed_is_gone() -> None:
    pacing = Pacing(10.0, 9)
    pacing.take(b"key", 5.0)
    first, second = (pacing.reserve(b"key", 5.0) for _ in range(2))
    pacing.give_back(b"key", first)
    assert pacing.seconds_until(b"key", 5.15) == pytest.approx(0.15)
    pacing.use(b"key", second)
    assert pacing.admits(b"key", 5.31)


@given(rate=st.floats(0.01, 1e5), start=st.floats(0, 3e8), visits=st.integers(1, 20))
def test_who_comes_back_when_told_has_a_turn(rate: float, start: float, visits: int) -> None:
    pacing, now = Pacing(rate, 9), start
    pacing.take(b"key", now)
    for _ in range(visits):
        now += pacing.seconds_until(b"key", now)
        assert pacing.admits(b"key", now)
        pacing.take(b"key", now)


@given(rate=st.floats(0.1, 1000), gaps=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_no_more_than_the_pace_in_the_long_run(rate: float, gaps: list[float]) -> None:
    pacing, now, count = Pacing(rate, 9), 10.0, 0
    for gap in gaps:
        now += gap
        if pacing.admits(b"key", now):
            pacing.take(b"key", now)
            count += 1
        assert count <= 1 + (now - 10.0 + EARLY) * rate + 1e-6


def test_another_pace_goes_on_behind_those_who_wait() -> None:
    old, new = Pacing(10.0, 9), Pacing(2.0, 9)
    old.take(b"key", 5.0)
    turns = [old.reserve(b"key", 5.0) for _ in range(2)]
    assert new.shares(old)
    new.adopt(old, 5.0)
    assert new.seconds_until(b"key", 5.0) == pytest.approx(0.3)
    assert new.reserve(b"key", 5.0) == pytest.approx(5.3)
    assert new.seconds_until(b"key", 5.0) == pytest.approx(0.8)
    for turn in turns:
        old.use(b"key", turn)
    assert (old.waiting, new.waiting) == (1, 1)


def test_what_is_loaded_is_at_most_one_turn() -> None:
    pacing = Pacing(10.0, 9)
    assert pacing.standing(b"key", 7.0) is None
    pacing.load(b"key", Standing(30.0, -29.0), 7.0)
    pacing.load(b"other", Standing(0.5, 0.5), 7.0)
    assert pacing.seconds_until(b"key", 7.0) == pytest.approx(0.1)
    assert pacing.seconds_until(b"other", 7.0) == pytest.approx(0.05)
    assert pacing.standing(b"other", 7.0) == pytest.approx(Standing(0.5, 0.5))
    assert pacing.memory_seconds == pytest.approx(0.1)
    assert {*pacing.keys()} == {b"key", b"other"}
    assert pacing.knows(b"key")
    assert not pacing.knows(b"nobody")


def test_only_single_turns_and_possible_paces() -> None:
    assert Pacing(1.0, 1).seconds_until(b"key", 0.0, 2) == inf
    for rate in (0.0, -1.0, inf):
        with pytest.raises(ValueError, match="no pace of"):
            Pacing(rate, 1)
