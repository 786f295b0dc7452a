"""Token buckets in virtual time against the textbook forms, in exact fractions.

Times and rates are multiples of 1/64, so that floats are exact as well and "equal" means equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.algorithms.token_bucket import ENOUGH_FOR_ONE, TOLERANCE, TokenBuckets

KEYS = [b"first", b"second", b"third"]
ROOM = 100

keys = st.sampled_from(KEYS)
exact_rates = st.integers(1, 640).map(lambda number: number / 64)
exact_bursts = st.integers(2, 24).map(lambda number: number / 2)
exact_gaps = st.one_of(st.just(0.0), st.integers(0, 256).map(lambda number: number / 64))
rates = st.floats(1e-4, 1e6)
bursts = st.floats(1.0, 1000.0)
starts = st.floats(0.0, 3e8)


def admits(buckets: TokenBuckets, key: bytes, now: float) -> bool:
    """One request, as a limit asks and takes."""
    if buckets.available(key, now) < ENOUGH_FOR_ONE:
        return False
    buckets.take(key, now)
    return True


@dataclass
class TextbookBucket:
    """Two variables: the tokens, and when they were counted last."""

    rate: Fraction
    burst: Fraction
    tokens: Fraction
    last: Fraction = Fraction(0)

    def refill(self, now: float) -> None:
        gained = (Fraction(now) - self.last) * self.rate
        self.tokens = min(self.burst, self.tokens + gained)
        self.last = Fraction(now)

    def admits(self, now: float) -> bool:
        self.refill(now)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def change(self, rate: float, burst: float, now: float) -> None:
        self.refill(now)
        self.rate, self.burst = Fraction(rate), Fraction(burst)
        self.tokens = min(self.tokens, self.burst)


@dataclass
class TextbookGcra:
    """Virtual scheduling: the theoretical arrival time, in seconds."""

    interval: Fraction
    tolerance: Fraction
    arrival: Fraction = Fraction(-1)

    def admits(self, now: float) -> bool:
        if Fraction(now) < self.arrival - self.tolerance:
            return False
        self.arrival = max(Fraction(now), self.arrival) + self.interval
        return True


class BucketsThroughReloads(RuleBasedStateMachine):
    """Several keys, requests at any time, the limit changed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.buckets = TokenBuckets(2.0, 3.0, ROOM)
        self.textbook = {key: TextbookBucket(Fraction(2), Fraction(3), Fraction(3)) for key in KEYS}

    @rule(gap=exact_gaps)
    def time_passes(self, gap: float) -> None:
        self.now += gap

    @rule(key=keys)
    def request(self, key: bytes) -> None:
        assert admits(self.buckets, key, self.now) is self.textbook[key].admits(self.now)

    @rule(key=keys, times=st.integers(2, 30))
    def burst(self, key: bytes, times: int) -> None:
        for _ in range(times):
            self.request(key)

    @rule(rate=exact_rates, burst=exact_bursts)
    def reload(self, rate: float, burst: float) -> None:
        before = {key: self.buckets.available(key, self.now) for key in KEYS}
        changed = TokenBuckets(rate, burst, ROOM)
        changed.adopt(self.buckets, self.now)
        self.buckets = changed
        for key, textbook in self.textbook.items():
            textbook.change(rate, burst, self.now)
            assert changed.available(key, self.now) == min(before[key], burst)

    @invariant()
    def holds_as_many_tokens(self) -> None:
        for key, textbook in self.textbook.items():
            textbook.refill(self.now)
            assert self.buckets.available(key, self.now) == textbook.tokens


TestBucketsThroughReloads = BucketsThroughReloads.TestCase
TestBucketsThroughReloads.settings = settings(max_examples=60, stateful_step_count=40)


@given(
    interval=st.integers(1, 128).map(lambda number: 2.0 ** (number % 8 - 4)),
    burst=st.integers(1, 12),
    gaps=st.lists(exact_gaps, max_size=60),
)
def test_is_gcra(interval: float, burst: int, gaps: list[float]) -> None:
    buckets = TokenBuckets(1 / interval, burst, ROOM)
    gcra = TextbookGcra(Fraction(interval), (burst - 1) * Fraction(interval))
    now = 0.0
    for gap in gaps:
        now += gap
        assert admits(buckets, b"key", now) is gcra.admits(now)


@given(
    rate=rates,
    burst=bursts,
    start=starts,
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0.0, 5.0), st.floats(0.0, 1e-3)), max_size=40),
)
def test_no_interval_lets_more_through_than_rate_times_time_and_one_burst(
    rate: float, burst: float, start: float, gaps: list[float]
) -> None:
    buckets = TokenBuckets(rate, burst, ROOM)
    now, admitted = start, []
    for gap in gaps:
        now += gap
        admitted += [now] * admits(buckets, b"key", now)
    for first, begin in enumerate(admitted):
        for count, end in enumerate(admitted[first:], start=1):
            rounding = rate * (start + 200) * 2.0**-50
            assert count <= rate * (end - begin) + burst + TOLERANCE + rounding


@given(
    rate=rates,
    burst=bursts,
    start=starts,
    spent=st.integers(0, 2000),
    visits=st.integers(1, 20),
)
def test_who_comes_back_when_told_is_admitted(
    rate: float, burst: float, start: float, spent: int, visits: int
) -> None:
    buckets = TokenBuckets(rate, burst, ROOM)
    buckets.take(b"key", start, float(spent))
    now = start
    for _ in range(visits):
        now += buckets.seconds_until(b"key", now)
        assert admits(buckets, b"key", now)


@given(rate=rates, burst=bursts, start=starts, spent=st.integers(0, 2000))
def test_who_comes_back_sooner_is_not(rate: float, burst: float, start: float, spent: int) -> None:
    buckets = TokenBuckets(rate, burst, ROOM)
    buckets.take(b"key", start, burst + spent)
    wait = buckets.seconds_until(b"key", start)
    # Sooner by more than the tolerance and by what a float can tell apart at that time.
    earlier = start + wait - 2 * TOLERANCE / rate - start * 2.0**-48
    if earlier > start:
        assert not admits(buckets, b"key", earlier)
    assert wait == pytest.approx((1 + spent) / rate, rel=1e-3, abs=start * 2.0**-48)


@given(
    segments=st.lists(
        st.tuples(
            st.floats(0.01, 200.0),
            st.floats(1.0, 50.0),
            st.lists(st.floats(0.0, 0.5), min_size=1, max_size=15),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_reloads_let_no_more_through_than_their_limits_and_the_first_burst(
    segments: list[tuple[float, float, list[float]]],
) -> None:
    now, admitted, allowed = 50.0, 0, segments[0][1]
    buckets: TokenBuckets | None = None
    for rate, burst, gaps in segments:
        changed = TokenBuckets(rate, burst, ROOM)
        if buckets is not None:
            changed.adopt(buckets, now)
        buckets = changed
        for gap in gaps:
            now += gap
            allowed += rate * gap
            while admits(buckets, b"key", now):
                admitted += 1
            assert admitted <= allowed + TOLERANCE + 1e-6


@given(
    limits=st.lists(st.tuples(exact_rates, exact_bursts), min_size=2, max_size=40),
    spent=st.integers(0, 12),
)
def test_a_storm_of_reloads_at_one_moment_refills_nothing(
    limits: list[tuple[float, float]], spent: int
) -> None:
    now = 1000.0
    buckets = TokenBuckets(*limits[0], ROOM)
    buckets.take(b"known", now, float(spent))
    seen = [buckets.available(key, now) for key in (b"known", b"stranger")]
    for rate, burst in limits[1:]:
        changed = TokenBuckets(rate, burst, ROOM)
        changed.adopt(buckets, now)
        buckets = changed
        after = [buckets.available(key, now) for key in (b"known", b"stranger")]
        assert after == [min(tokens, burst) for tokens in seen]
        seen = after


def test_a_raised_burst_is_earned_not_given() -> None:
    buckets = TokenBuckets(1.0, 2.0, ROOM)
    raised = TokenBuckets(1.0, 10.0, ROOM)
    raised.adopt(buckets, 100.0)
    tokens = [raised.available(b"key", 100.0 + later) for later in (0, 1, 7, 8, 9)]
    assert tokens == [2.0, 3.0, 9.0, 10.0, 10.0]


def test_a_burst_lowered_and_raised_again_is_earned_again() -> None:
    buckets = TokenBuckets(1.0, 10.0, ROOM)
    for burst in (2.0, 10.0):
        changed = TokenBuckets(1.0, burst, ROOM)
        changed.adopt(buckets, 100.0)
        buckets = changed
    assert buckets.available(b"key", 100.0) == 2.0
    assert buckets.available(b"key", 105.0) == 7.0


@pytest.mark.parametrize("rate", [1.0, 64.0])
def test_requests_that_still_hold_the_old_limit_count_in_the_same_time(rate: float) -> None:
    old = TokenBuckets(8.0, 4.0, ROOM)
    new = TokenBuckets(rate, 4.0, ROOM)
    new.adopt(old, 10.0)
    for now in (10.0, 1000.0, 1000.25):
        assert old.available(b"key", now) == new.available(b"key", now)
        old.take(b"key", now)
        assert old.available(b"key", now) == new.available(b"key", now) <= 3.0


def test_a_clock_that_stands_still_gives_one_burst() -> None:
    buckets = TokenBuckets(1e6, 5.0, ROOM)
    assert [admits(buckets, b"key", 77.7) for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_clock_that_repeats_an_earlier_moment_gives_nothing_back() -> None:
    buckets = TokenBuckets(1.0, 5.0, ROOM)
    buckets.take(b"key", 10.0, 5.0)
    assert buckets.available(b"key", 9.0) <= 0.0
    assert buckets.available(b"key", 11.0) == 1.0


@given(rate=rates, burst=st.integers(1, 50), start=starts)
def test_a_full_bucket_gives_exactly_its_burst_however_late_it_is(
    rate: float, burst: int, start: float
) -> None:
    buckets = TokenBuckets(rate, burst, ROOM)
    assert [admits(buckets, b"key", start) for _ in range(burst + 1)] == [True] * burst + [False]


@pytest.mark.parametrize("per_second", [5, 10, 30, 1000])
def test_a_caller_on_the_dot_is_never_refused_for_rounding(per_second: int) -> None:
    buckets = TokenBuckets(per_second, 1.0, ROOM)
    assert all(admits(buckets, b"key", 123.4 + step / per_second) for step in range(5000))


def test_what_comes_a_shade_too_early_is_owed() -> None:
    buckets = TokenBuckets(1.0, 1.0, ROOM)
    early = TOLERANCE / 2
    now, admitted = 0.0, 0
    for _ in range(10_000):
        admitted += admits(buckets, b"key", now)
        now += 1.0 - early
    assert admitted <= now * 1.0 + 1 + TOLERANCE


def test_more_than_a_bucket_holds_never_comes() -> None:
    buckets = TokenBuckets(1.0, 3.0, ROOM)
    assert buckets.seconds_until(b"key", 10.0, 3.5) == inf
    assert buckets.seconds_until(b"key", 10.0, 3.0) == 0.0


def test_a_debt_is_waited_for() -> None:
    buckets = TokenBuckets(2.0, 4.0, ROOM)
    buckets.take(b"key", 0.0, 10.0)
    assert buckets.available(b"key", 0.0) == -6.0
    assert buckets.seconds_until(b"key", 0.0, 2.0) == pytest.approx(4.0)


def test_keys_beyond_the_room_are_full_again_and_counted() -> None:
    buckets = TokenBuckets(1.0, 4.0, 2)
    for key in KEYS:
        buckets.take(key, 0.0, 4.0)
    assert (buckets.tracked, buckets.evictions) == (2, 1)
    assert buckets.available(KEYS[0], 0.0) == 4.0
    assert buckets.available(KEYS[1], 0.0) == 0.0


def test_a_full_bucket_that_is_forgotten_is_no_loss() -> None:
    buckets = TokenBuckets(1.0, 4.0, 1)
    buckets.take(KEYS[0], 0.0)
    buckets.take(KEYS[1], 1.0)
    assert (buckets.tracked, buckets.evictions) == (1, 0)


def test_adopting_shares_the_state_and_changes_the_room() -> None:
    buckets = TokenBuckets(1.0, 1.0, 100)
    for number in range(100):
        buckets.take(b"%d" % number, 0.0)
    smaller = TokenBuckets(1.0, 1.0, 2)
    smaller.adopt(buckets, 0.0)
    assert smaller.tracked == 100
    for _ in range(60):
        smaller.take(b"99", 0.0)
    assert smaller.tracked == 2


def test_asking_leaves_no_trace() -> None:
    asked, quiet = TokenBuckets(1.0, 3.0, 2), TokenBuckets(1.0, 3.0, 2)
    times = [0.0, 0.5, 2.0, 2.5, 9.0]
    for now, later in pairwise(times):
        for key in KEYS:
            asked.available(key, later)
            asked.seconds_until(key, now, 2.0)
        asked.take(KEYS[0], now)
        quiet.take(KEYS[0], now)
    assert asked.tracked == quiet.tracked == 1
    for key in KEYS:
        assert asked.available(key, 9.0) == quiet.available(key, 9.0)


@pytest.mark.parametrize(
    "rate, burst, room",
    [(0.0, 1.0, 1), (-1.0, 1.0, 1), (inf, 1.0, 1), (1.0, 0.5, 1), (1.0, inf, 1), (1.0, 1.0, 0)],
)
def test_a_bucket_that_cannot_be_is_a_mistake(rate: float, burst: float, room: int) -> None:
    with pytest.raises(ValueError, match=r"no bucket holds|at least one row"):
        TokenBuckets(rate, burst, room)
