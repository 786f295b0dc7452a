"""The ring against a plain list of calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.window_counts import Counts, WindowCounts

calls = st.lists(st.tuples(st.floats(0, 5, width=16), st.booleans()), max_size=60)


def test_what_is_counted_and_what_is_forgotten() -> None:
    window = WindowCounts(10.0)
    assert window.read(0.0) == Counts(0, 0)
    window.add(100.0, hit=True)
    window.add(103.5, hit=False)
    assert window.read(103.5) == Counts(1, 2)
    assert (window.hits, window.calls) == (1, 2)
    assert window.read(109.9) == Counts(1, 2)
    assert window.read(110.0) == Counts(0, 1)
    assert window.read(113.0) == Counts(0, 0)
    # Asking for later leaves no trace.
    assert window.read(105.0) == Counts(1, 2)
    window.add(112.9, hit=True)
    assert window.read(112.9) == Counts(1, 2)
    window.add(1e6, hit=False)
    assert window.read(1e6) == Counts(0, 1)
    window.clear()
    assert window.read(1e6) == Counts(0, 0)


def test_shares() -> None:
    assert Counts(0, 0).ratio == 0.0
    assert Counts(3, 4).ratio == 0.75


@given(steps=calls, seconds=st.sampled_from([1.0, 10.0, 0.3]), start=st.floats(0, 1e8))
def test_it_counts_what_the_last_nine_to_ten_tenths_held(
    steps: list[tuple[float, bool]], seconds: float, start: float
) -> None:
    window, now, seen = WindowCounts(seconds), start, list[tuple[float, bool]]()
    for gap, hit in steps:
        now += gap
        window.add(now, hit=hit)
        seen.append((now, hit))
        counts = window.read(now)
        assert counts == (window.hits, window.calls)
        for at, (low, high) in enumerate(
            [
                (
                    sum(one[1] for one in seen if one[0] > now - 0.8999 * seconds),
                    sum(one[1] for one in seen if one[0] > now - 1.0001 * seconds),
                ),
                (
                    sum(one[0] > now - 0.8999 * seconds for one in seen),
                    sum(one[0] > now - 1.0001 * seconds for one in seen),
                ),
            ]
        ):
            assert low <= counts[at] <= high


def test_a_time_before_the_last_one_counts_with_that() -> None:
    window = WindowCounts(10.0)
    window.add(100.0, hit=False)
    window.add(95.0, hit=True)
    assert window.read(100.0) == Counts(1, 2)
    assert window.read(50.0) == Counts(1, 2)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_no_such_window(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds long"):
        WindowCounts(seconds)


@pytest.mark.parametrize(
    "seconds, left", [(10.0, Counts(2, 4)), (100.0, Counts(2, 4)), (3.0, Counts(0, 1))]
)
def test_another_length_goes_on_with_what_it_holds(seconds: float, left: Counts) -> None:
    before = WindowCounts(10.0)
    for at, hit in ((93.0, True), (95.0, True), (95.0, False), (99.0, False)):
        before.add(at, hit=hit)
    after = WindowCounts(seconds)
    after.add(1.0, hit=True)
    after.adopt(before, 100.0)
    assert after.read(100.0) == left
    assert after.seconds == pytest.approx(seconds)


@given(steps=calls, lengths=st.lists(st.sampled_from([0.5, 2.0, 10.0, 60.0]), max_size=5))
def test_no_chain_of_reloads_makes_more_of_it(
    steps: list[tuple[float, bool]], lengths: list[float]
) -> None:
    window, now = WindowCounts(10.0), 1000.0
    for gap, hit in steps:
        now += gap
        window.add(now, hit=hit)
    for seconds in lengths:
        held = window.read(now)
        after = WindowCounts(seconds)
        after.adopt(window, now)
        read = after.read(now)
        assert read == (after.hits, after.calls)
        assert 0 <= read.hits <= read.calls <= held.calls
        assert read.hits <= held.hits
        if seconds >= 1.2 * window.seconds:
            assert read == held
        window = after


def test_a_window_that_was_idle_for_long_has_nothing_to_give() -> None:
    before, after = WindowCounts(10.0), WindowCounts(10.0)
    before.add(100.0, hit=True)
    after.adopt(before, 200.0)
    assert after.read(200.0) == Counts(0, 0)
