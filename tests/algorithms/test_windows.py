"""Windows through the library, on a virtual clock, against the textbook in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from sidecar.algorithms.meter import Standing
from sidecar.algorithms.windows import FIXED, MOVING, SLIDING, Windows

KINDS = [FIXED, SLIDING, MOVING]
KEYS = [b"first", b"second", b"\xff\xfe"]
WINDOW = 2_000_000
#: A moment late in a machine's life, on no edge of a window.
START = 86_400 * 900 * 1_000_000 + 700_001

kinds = st.sampled_from(KINDS)
gaps = st.sampled_from([0, 1, 3, 499_999, 500_000, 1_000_000, 1_999_999, 2_000_000, 2_000_001])
anywhere = st.one_of(gaps, st.integers(0, 3 * WINDOW))


class Textbook:
    """Every request that was counted, as (moment, cost); everything is computed from that."""

    def __init__(self, kind: str, window: int = WINDOW) -> None:
        self.kind = kind
        self.window = window
        self.log: list[tuple[int, int]] = []
        #: Begin and count of a fixed window.
        self.begun: tuple[int, int] = (-(1 << 62), 0)

    def weight(self, now: int) -> Fraction:
        if self.kind == FIXED:
            begin, count = self.begun
            return Fraction(count if now < begin + self.window else 0)
        if self.kind == MOVING:
            return Fraction(sum(cost for at, cost in self.log if at > now - self.window))
        number = now // self.window
        counts = [
            sum(cost for at, cost in self.log if at // self.window == one)
            for one in (number - 1, number)
        ]
        view = Fraction((number + 1) * self.window - now, self.window)
        return counts[0] * view + counts[1]

    def admits(self, now: int, amount: int, cost: int) -> bool:
        # A sliding count is rounded down, as the library has it.
        return int(self.weight(now)) + cost <= amount

    def take(self, now: int, cost: int) -> None:
        self.log.append((now, cost))
        begin, count = self.begun
        self.begun = (begin, count + cost) if now < begin + self.window else (now, cost)


class WindowsAgainstTextbook(RuleBasedStateMachine):
    """Several keys, any cost, a limit that changes; another one is never asked in between."""

    kind = FIXED

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.amount = 3
        self.asked, self.quiet = (Windows(self.kind, 3, 2.0, 100) for _ in range(2))
        self.textbook = {key: Textbook(self.kind) for key in KEYS}

    @rule(gap=anywhere)
    def time_passes(self, gap: int) -> None:
        self.now += gap

    @rule(key=st.sampled_from(KEYS), later=anywhere, cost=st.integers(1, 4))
    def ask(self, key: bytes, later: int, cost: int) -> None:
        now = (self.now + later) / 1e6
        expected = self.textbook[key].admits(self.now + later, self.amount, cost)
        assert self.asked.admits(key, now, cost) is expected
        assert (self.asked.standing(key, now) is None) is (
            int(self.textbook[key].weight(self.now + later)) == 0
        )

    @rule(key=st.sampled_from(KEYS), cost=st.integers(1, 4))
    def come(self, key: bytes, cost: int) -> None:
        now, textbook = self.now / 1e6, self.textbook[key]
        fits = textbook.admits(self.now, self.amount, cost)
        assert self.asked.admits(key, now, cost) is self.quiet.admits(key, now, cost) is fits
        if fits:
            textbook.take(self.now, cost)
            for meter in (self.asked, self.quiet):
                meter.take(key, now, cost)
        assert self.asked.tracked == self.quiet.tracked
        assert self.asked.left(key, now) == self.amount - int(textbook.weight(self.now))

    @rule(key=st.sampled_from(KEYS), cost=st.integers(1, 4))
    def wait(self, key: bytes, cost: int) -> None:
        wait = self.asked.seconds_until(key, self.now / 1e6, cost)
        if cost > self.amount:
            assert wait == inf
            return
        assert self.textbook[key].admits(self.now + round(wait * 1e6), self.amount, cost)
        if wait:
            assert not self.textbook[key].admits(
                self.now + round(wait * 1e6) - 2, self.amount, cost
            )

    @rule(amount=st.integers(1, 6))
    def reload(self, amount: int) -> None:
        """What was counted stays counted, whatever the limit is now."""
        self.amount = amount
        for name in ("asked", "quiet"):
            changed = Windows(self.kind, amount, 2.0, 100)
            assert changed.shares(getattr(self, name))
            changed.adopt(getattr(self, name), self.now / 1e6)
            setattr(self, name, changed)


class SlidingAgainstTextbook(WindowsAgainstTextbook):
    kind = SLIDING


class MovingAgainstTextbook(WindowsAgainstTextbook):
    kind = MOVING


TestFixed = WindowsAgainstTextbook.TestCase
TestSliding = SlidingAgainstTextbook.TestCase
TestMoving = MovingAgainstTextbook.TestCase
for _case in (TestFixed, TestSliding, TestMoving):
    _case.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.parametrize(
    "kind, transcript",
    [
        # Two in each 10 s: moments, and whether they pass.
        (FIXED, [(3, True), (4, True), (12.9, False), (13, True), (14, True), (15, False)]),
        (SLIDING, [(3, True), (4, True), (10, False), (10.1, True), (15.1, True), (15.2, False)]),
        (MOVING, [(3, True), (4, True), (12.9, False), (13, True), (13.5, False), (14, True)]),
    ],
)
def test_two_in_ten_seconds(kind: str, transcript: list[tuple[float, bool]]) -> None:
    windows = Windows(kind, 2, 10.0, 9)
    for now, passes in transcript:
        assert windows.admits(b"key", now) is passes, now
        if passes:
            windows.take(b"key", now)


@given(
    kind=kinds,
    amount=st.integers(1, 200),
    window=st.sampled_from([0.001, 0.3, 1.0, 7.7, 60.0, 86400.0]),
    start=st.floats(0, 3e8),
    steps=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 3)), min_size=1, max_size=25),
    impatience=st.floats(1, 5),
)
def test_who_comes_back_when_told_or_later_is_admitted(
    kind: str,
    amount: int,
    window: float,
    start: float,
    steps: list[tuple[float, int]],
    impatience: float,
) -> None:
    windows = Windows(kind, amount, window, 9)
    now = start
    for share, wanted in steps:
        now += share * window
        while windows.admits(b"key", now):
            windows.take(b"key", now)
        cost = min(wanted, amount)
        wait = windows.seconds_until(b"key", now, cost)
        assert 0 <= wait <= 2 * window + 1e-5
        assert windows.admits(b"key", now + wait * impatience, cost)
        now += wait
        assert windows.admits(b"key", now, cost)
        windows.take(b"key", now, cost)


@given(st.lists(st.integers(0, WINDOW), min_size=1, max_size=60), st.integers(1, 5))
def test_a_moving_window_never_lets_more_through_in_any_length_of_time(
    steps: list[int], amount: int
) -> None:
    windows, now, passed = Windows(MOVING, amount, 2.0, 9), START, []
    for step in steps:
        now += step
        if windows.admits(b"key", now / 1e6):
            windows.take(b"key", now / 1e6)
            passed.append(now)
    for begin in passed:
        assert sum(begin <= at < begin + WINDOW for at in passed) <= amount


@pytest.mark.parametrize("kind", KINDS)
def test_a_caller_on_the_dot_is_never_refused_for_rounding(kind: str) -> None:
    windows = Windows(kind, 1, 0.2, 9)
    step = 0.2 if kind != SLIDING else 0.4
    for number in range(2000):
        now = 123.4 + number * step
        assert windows.admits(b"key", now)
        windows.take(b"key", now)


@pytest.mark.parametrize("kind", KINDS)
def test_keys_beyond_the_room_are_new_again_and_counted(kind: str) -> None:
    windows = Windows(kind, 1, 2.0, 2)
    for key in KEYS:
        windows.take(key, 10.0)
    assert (windows.tracked, windows.evictions) == (2, 1)
    assert [windows.admits(key, 10.0) for key in KEYS] == [True, False, False]
    assert [windows.knows(key) for key in KEYS] == [False, True, True]
    assert [*windows.keys()] == KEYS[1:]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_loaded_is_spent_and_never_more_than_the_limit(kind: str) -> None:
    windows = Windows(kind, 5, 2.0, 9)
    windows.take(b"first", 10.0, 4)
    windows.load(b"first", Standing(1.5, 3.5), 10.0)
    windows.load(b"second", Standing(99.0, 0.0), 10.0)
    assert [windows.left(key, 10.0) for key in KEYS] == [3, 0, 5]
    assert windows.standing(b"first", 10.0) == Standing(2, 3)


def test_what_is_shared_and_what_is_not() -> None:
    windows = Windows(FIXED, 5, 2.0, 9)
    assert Windows(FIXED, 9, 2.0, 9).shares(windows)
    assert not Windows(FIXED, 5, 2.1, 9).shares(windows)
    assert not Windows(MOVING, 5, 2.0, 9).shares(windows)


def test_a_window_that_lets_nothing_through_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no window lets 0 through"):
        Windows(FIXED, 0, 1.0, 9)
