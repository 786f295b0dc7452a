"""The climbing limit against small steps of time, on a virtual clock."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from sidecar.algorithms.meter import Standing
from sidecar.algorithms.warm_up import Climb, WarmUp

CLIMB = Climb(rate=100.0, burst=10.0, warming_seconds=8.0, cold_share=0.25)
KEYS = [b"first", b"second"]

climbs = st.builds(
    Climb,
    rate=st.floats(0.01, 1e5),
    burst=st.floats(1, 1000),
    warming_seconds=st.floats(0.01, 1000),
    cold_share=st.floats(0.01, 1.0),
)
warmths = st.floats(0, 1)


@pytest.mark.parametrize("warmth, seconds", [(0.0, 3.0), (0.5, 2.0), (0.5, 6.0), (1.0, 20.0)])
def test_what_comes_in_a_time_is_the_sum_of_what_comes_in_its_moments(
    warmth: float, seconds: float
) -> None:
    steps, total = 200_000, 0.0
    for step in range(steps):
        at = (step + 0.5) * seconds / steps
        total += CLIMB.rate * CLIMB.share(CLIMB.cooled(warmth, at)) * seconds / steps
    assert CLIMB.gained(warmth, seconds) == pytest.approx(total, rel=1e-6)


@given(climb=climbs, warmth=warmths, seconds=st.floats(1e-3, 1e4))
def test_how_long_is_the_inverse_of_how_much(climb: Climb, warmth: float, seconds: float) -> None:
    tokens = climb.gained(warmth, seconds)
    assert climb.gained(warmth, climb.seconds_for(warmth, tokens)) == pytest.approx(
        tokens, rel=1e-6
    )


def passed(limit: WarmUp, begin: float, seconds: float, asked_per_second: float) -> int:
    """How many get through of a steady stream."""
    count = 0
    for number in range(int(seconds * asked_per_second)):
        now = begin + number / asked_per_second
        if limit.admits(b"key", now):
            limit.take(b"key", now)
            count += 1
    return count


def test_full_use_climbs_to_the_limit_in_the_warming_time_and_stays() -> None:
    limit = WarmUp(CLIMB, 9)
    assert passed(limit, 100.0, 1.0, 1000) == pytest.approx(25 + 2.5 + 4, abs=2)
    passed(limit, 101.0, 7.0, 1000)
    assert limit.warmth(b"key", 108.0) == pytest.approx(1.0, abs=0.03)
    assert passed(limit, 109.0, 10.0, 1000) == pytest.approx(1000, abs=12)


def test_idling_cools() -> None:
    limit = WarmUp(CLIMB, 9)
    passed(limit, 100.0, 20.0, 1000)
    assert limit.warmth(b"key", 120.0) == pytest.approx(1.0, abs=0.01)
    assert limit.warmth(b"key", 124.0) == pytest.approx(0.5, abs=0.01)
    assert limit.warmth(b"key", 128.0) == 0.0
    assert limit.left(b"key", 128.0) == 2.5


@pytest.mark.parametrize("used_per_second", [20, 40, 60, 90])
def test_steady_traffic_is_allowed_about_twice_what_it_uses(used_per_second: int) -> None:
    limit = WarmUp(CLIMB, 9)
    passed(limit, 100.0, 30.0, 1000)
    assert passed(limit, 130.5, 100.0, used_per_second) == 100 * used_per_second
    allowed = CLIMB.rate * CLIMB.share(limit.warmth(b"key", 230.0))
    assert allowed == pytest.approx(min(100, max(25, 2 * used_per_second)), rel=0.1)


@given(
    climb=climbs,
    start=st.floats(0, 3e8),
    steps=st.lists(st.floats(0, 2), min_size=1, max_size=20),
    impatience=st.floats(1, 50),
)
def test_who_comes_back_when_told_or_later_is_admitted(
    climb: Climb, start: float, steps: list[float], impatience: float
) -> None:
    limit, now = WarmUp(climb, 9), start
    for step in steps:
        now += step * climb.warming_seconds
        for _ in range(1001):
            if not limit.admits(b"key", now):
                break
            limit.take(b"key", now)
        wait = limit.seconds_until(b"key", now)
        assert 0 < wait <= 1 / (climb.rate * climb.cold_share) * (1 + 1e-6) + now * 1e-14
        assert limit.admits(b"key", now + wait * impatience)
        now += wait
        assert limit.admits(b"key", now)


@given(
    climb=climbs,
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 0.3)), min_size=1, max_size=80),
)
def test_never_more_than_the_limit_and_one_burst(climb: Climb, gaps: list[float]) -> None:
    limit, now, begin, count = WarmUp(climb, 9), 50.0, 50.0, 0
    for gap in gaps:
        now += gap
        if limit.admits(b"key", now):
            limit.take(b"key", now)
            count += 1
        most = max(1.0, climb.burst * climb.cold_share) + climb.rate * (now - begin)
        assert count <= most + 1e-3


class AskedAndQuiet(RuleBasedStateMachine):
    """Two equal limits, one of which is asked all the time: nobody could tell which."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.asked, self.quiet = WarmUp(CLIMB, 1), WarmUp(CLIMB, 1)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 3.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=st.sampled_from(KEYS), later=st.sampled_from([0.0, 2.0, 1e6]))
    def ask(self, key: bytes, later: float) -> None:
        self.asked.admits(key, self.now + later)
        self.asked.seconds_until(key, self.now + later)
        self.asked.standing(key, self.now + later)

    @rule(key=st.sampled_from(KEYS), times=st.integers(1, 12))
    def come(self, key: bytes, times: int) -> None:
        for _ in range(times):
            admits = self.quiet.admits(key, self.now)
            assert self.asked.admits(key, self.now) is admits
            if admits:
                self.asked.take(key, self.now)
                self.quiet.take(key, self.now)
        assert self.asked.left(key, self.now) == self.quiet.left(key, self.now)
        assert self.asked.warmth(key, self.now) == self.quiet.warmth(key, self.now)
        assert self.asked.evictions == self.quiet.evictions

    @rule()
    def reload(self) -> None:
        for name in ("asked", "quiet"):
            same = WarmUp(CLIMB, 1)
            assert same.shares(getattr(self, name))
            same.adopt(getattr(self, name), self.now)
            setattr(self, name, same)


TestAskedAndQuiet = AskedAndQuiet.TestCase
TestAskedAndQuiet.settings = settings(max_examples=30, stateful_step_count=40)


@given(warmth=warmths, spent=st.floats(0, 20), left=st.floats(-5, 20))
def test_what_is_loaded_is_warm_and_spent(warmth: float, spent: float, left: float) -> None:
    limit = WarmUp(CLIMB, 9)
    limit.load(b"key", Standing(spent, left, warmth), 70.0)
    assert limit.knows(b"key")
    room = CLIMB.room(warmth)
    expected = max(0.0, min(left, room - spent))
    assert limit.left(b"key", 70.0) == pytest.approx(expected)
    standing = limit.standing(b"key", 70.0)
    assert standing is not None
    assert standing == pytest.approx((room - expected, expected, warmth), abs=1e-9)
    assert limit.standing(b"key", 70.0 + limit.memory_seconds) is None


def test_another_climb_does_not_share() -> None:
    assert not WarmUp(Climb(50.0, 10.0, 8.0, 0.25), 9).shares(WarmUp(CLIMB, 9))
    assert WarmUp(CLIMB, 9).seconds_until(b"key", 0.0, 2) == inf
    assert WarmUp(CLIMB, 9).most == 10.0


@pytest.mark.parametrize(
    "climb",
    [
        Climb(0.0, 1.0, 1.0, 0.5),
        Climb(1.0, 0.5, 1.0, 0.5),
        Climb(1.0, 1.0, 0.0, 0.5),
        Climb(1.0, 1.0, 1.0, 0.0),
        Climb(1.0, 1.0, 1.0, 1.1),
    ],
)
def test_a_climb_that_cannot_be_is_a_mistake(climb: Climb) -> None:
    with pytest.raises(ValueError, match="no limit climbs like"):
        WarmUp(climb, 9)
