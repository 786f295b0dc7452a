"""How a changed limit goes on, for every pair of algorithms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.meter import Changed, Meter, Standing, succeed
from sidecar.algorithms.pacing import Pacing
from sidecar.algorithms.token_bucket import TokenBuckets
from sidecar.algorithms.warm_up import Climb, WarmUp
from sidecar.algorithms.windows import FIXED, MOVING, SLIDING, Windows

Make = Callable[[int, int], Meter]

#: So many in a second, with room for so many keys.
MAKERS: dict[str, Make] = {
    "bucket": lambda amount, room: TokenBuckets(amount, amount, room),
    "small bucket": lambda amount, room: TokenBuckets(amount, 1.0, room),
    "fixed": lambda amount, room: Windows(FIXED, amount, 1.0, room),
    "sliding": lambda amount, room: Windows(SLIDING, amount, 1.0, room),
    "moving": lambda amount, room: Windows(MOVING, amount, 1.0, room),
    "longer": lambda amount, room: Windows(FIXED, amount, 10.0, room),
    "warm-up": lambda amount, room: WarmUp(Climb(amount, amount, 20.0, 0.5), room),
    "pace": Pacing,
}
KEYS = [b"first", b"second", b"third"]

makers = st.sampled_from(sorted(MAKERS))
changes = st.tuples(makers, st.integers(1, 9), st.sampled_from([0.0, 0.0, 0.01, 0.3, 2.0, 40.0]))


def exhaust(meter: Meter, key: bytes, now: float, most: int = 100) -> int:
    """Take all there is; how many that were."""
    for count in range(most):
        if not meter.admits(key, now):
            return count
        meter.take(key, now)
    raise AssertionError


def spent(meter: Meter, key: bytes, now: float) -> float:
    standing = meter.standing(key, now)
    return 0.0 if standing is None else standing.spent


@pytest.mark.parametrize("old", MAKERS)
@pytest.mark.parametrize("new", MAKERS)
@pytest.mark.parametrize("amount", [1, 5, 50])
def test_who_had_spent_everything_has_not_got_everything(old: str, new: str, amount: int) -> None:
    before = MAKERS[old](5, 9)
    taken = exhaust(before, b"key", 100.5)
    left = before.left(b"key", 100.5)
    after = succeed(MAKERS[new](amount, 9), before, 100.5)
    most = int(after.most)
    now_left = exhaust(after, b"key", 100.5)
    assert now_left <= max(0, most - taken)
    if after.most <= taken:
        assert now_left == 0
    assert left < 1


@pytest.mark.parametrize("old", MAKERS)
@pytest.mark.parametrize("new", MAKERS)
def test_who_is_known_to_neither_has_everything(old: str, new: str) -> None:
    before = MAKERS[old](5, 9)
    exhaust(before, b"key", 100.5)
    after = succeed(MAKERS[new](5, 9), before, 100.5)
    fresh = MAKERS[new](5, 9)
    if new == "bucket" and old == "small bucket":
        pytest.skip("a larger burst is earned")
    assert exhaust(after, b"stranger", 100.5) == exhaust(fresh, b"stranger", 100.5)


@given(st.lists(changes, min_size=1, max_size=30), st.integers(0, 6))
def test_a_chain_of_changes_makes_nobody_richer(
    chain: list[tuple[str, int, float]], visits: int
) -> None:
    """By a change, what is left gets no more, or what was spent no less as far as it fits, or
    the wait no shorter."""
    meter, now = MAKERS["bucket"](5, 9), 100.0
    for name, amount, gap in chain:
        now += gap
        for key in KEYS[:2]:
            for _ in range(visits):
                if meter.admits(key, now):
                    meter.take(key, now)
        before = {
            key: (spent(meter, key, now), meter.left(key, now), meter.seconds_until(key, now))
            for key in KEYS
        }
        changed = succeed(MAKERS[name](amount, 9), meter, now)
        for key, (was_spent, was_left, wait) in before.items():
            kept = spent(changed, key, now) >= min(was_spent, room_of(changed)) - 1e-3
            waits = changed.seconds_until(key, now) >= wait - 1e-9 and wait > 0
            assert kept or waits or changed.left(key, now) <= was_left + 1e-9
        meter = changed


def room_of(meter: Meter) -> float:
    """What fits now; less for what is not warm."""
    inner = meter.meter if isinstance(meter, Changed) else meter
    return 0.5 * inner.most if isinstance(inner, WarmUp) else inner.most


@given(st.lists(changes, min_size=1, max_size=12))
def test_asking_leaves_no_trace(chain: list[tuple[str, int, float]]) -> None:
    asked, quiet, now = MAKERS["fixed"](5, 2), MAKERS["fixed"](5, 2), 100.0
    for name, amount, gap in chain:
        for key in KEYS:
            asked.admits(key, now + 3.0)
            asked.seconds_until(key, now)
            asked.standing(key, now + 0.1)
            asked.left(key, now)
        for key in KEYS[:2]:
            admits = quiet.admits(key, now)
            assert asked.admits(key, now) is admits
            if admits:
                asked.take(key, now)
                quiet.take(key, now)
        assert (asked.tracked, asked.evictions) == (quiet.tracked, quiet.evictions)
        now += gap
        asked = succeed(MAKERS[name](amount, 2), asked, now)
        quiet = succeed(MAKERS[name](amount, 2), quiet, now)


@given(st.lists(changes, min_size=1, max_size=12), st.floats(1, 4))
def test_who_comes_back_when_told_is_admitted_over_any_changes(
    chain: list[tuple[str, int, float]], impatience: float
) -> None:
    meter, now = MAKERS["bucket"](5, 9), 100.0
    for name, amount, gap in chain:
        now += gap
        meter = succeed(MAKERS[name](amount, 9), meter, now)
        exhaust(meter, b"key", now)
        wait = meter.seconds_until(b"key", now)
        assert wait > 0
        assert meter.admits(b"key", now + wait * impatience)
        now += wait
        assert meter.admits(b"key", now)
        meter.take(b"key", now)


@pytest.mark.parametrize("between", ["small bucket", "pace"])
@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_small_limit_in_between_hides_nothing(between: str, seconds: float) -> None:
    before = MAKERS["longer"](50, 9)
    exhaust(before, b"key", 100.0)
    small = succeed(MAKERS[between](1, 9), before, 100.0)
    after = succeed(MAKERS["longer"](50, 9), small, 100.0 + seconds)
    assert after.left(b"key", 100.0 + seconds) == 0
    long_ago = succeed(MAKERS["longer"](50, 9), small, 111.0)
    assert long_ago.left(b"key", 111.0) == 50


def test_a_line_of_changes_is_not_endless() -> None:
    meter: Meter = MAKERS["fixed"](5, 9)
    exhaust(meter, b"key", 100.0)
    for number in range(100):
        meter = succeed(MAKERS["moving" if number % 2 else "longer"](5, 9), meter, 100.0)
        assert isinstance(meter, Changed)
        assert meter.line <= 9
        assert not meter.admits(b"key", 100.0)


def test_what_was_before_ends_when_it_cannot_matter() -> None:
    before = MAKERS["fixed"](5, 9)
    exhaust(before, b"key", 100.0)
    after = succeed(MAKERS["moving"](5, 9), before, 100.0)
    assert isinstance(after, Changed)
    assert not after.is_over(100.9)
    assert after.knows(b"key")
    assert [*after.keys()] == [b"key"]
    assert after.is_over(101.1)
    assert not isinstance(succeed(MAKERS["moving"](3, 9), after, 101.1), Changed)
    # The same algorithm goes on with what is still to be carried over.
    again = succeed(MAKERS["moving"](3, 9), after, 100.5)
    assert isinstance(again, Changed)
    assert not again.admits(b"key", 100.5)


def test_a_limit_that_warms_up_begins_warm_for_whom_it_is_not_new() -> None:
    before = MAKERS["bucket"](5, 9)
    before.take(b"key", 100.0)
    after = succeed(MAKERS["warm-up"](5, 9), before, 100.0)
    assert after.standing(b"key", 100.0) == Standing(1.0, 4.0, 1.0)
    assert after.standing(b"stranger", 100.0) is None
    other = succeed(WarmUp(Climb(50.0, 9.0, 7.0, 0.1), 9), after, 110.0)
    standing = other.standing(b"key", 110.0)
    assert standing is not None
    assert standing.warmth == pytest.approx(0.5)


def test_a_changed_meter_is_a_meter() -> None:
    before = MAKERS["fixed"](5, 9)
    before.take(b"key", 100.0)
    after = succeed(MAKERS["moving"](7, 9), before, 100.0)
    assert (after.most, after.tracked, after.evictions) == (7, 0, 0)
    assert after.memory_seconds == 1.0
    assert not after.shares(before)
    assert after.blank().most == 7
    after.load(b"key", Standing(7, 0), 100.0)
    assert after.left(b"key", 100.0) == 0
    with pytest.raises(NotImplementedError):
        after.adopt(before, 100.0)
