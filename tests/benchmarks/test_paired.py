from __future__ import annotations

import pytest

from benchmarks.paired import ratio, spread


def test_spread_is_the_median_and_the_middle_half() -> None:
    found = spread([5.0, 1.0, 3.0, 2.0, 4.0])

    assert found is not None
    assert (found.low, found.median, found.high, found.count) == (2.0, 3.0, 4.0, 5)


def test_spread_of_one_value_is_that_value() -> None:
    found = spread([7.0])

    assert found is not None
    assert (found.low, found.median, found.high) == (7.0, 7.0, 7.0)


def test_spread_of_nothing_is_nothing() -> None:
    assert spread([]) is None


def test_shows_the_range_in_brackets() -> None:
    found = spread([1000.0, 2000.0, 3000.0])

    assert found is not None
    assert found.show(0) == "2,000 (1,500–2,500)"


def test_ratio_is_taken_within_each_round() -> None:
    # The machine was twice as slow in round 1: the ratio of medians would be 1.5 / 1.5.
    ours = {0: 1.0, 1: 2.0}
    theirs = {0: 0.5, 1: 1.0}

    found = ratio(ours, theirs)

    assert found is not None
    assert (found.low, found.median, found.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    "theirs",
    [{}, {1: 4.0}, {0: 0.0}],
    ids=["nothing", "another round", "zero"],
)
def test_ratio_needs_both_sides_of_a_round(theirs: dict[int, float]) -> None:
    assert ratio({0: 1.0}, theirs) is None


def test_ratio_leaves_out_only_the_rounds_that_lack_a_side() -> None:
    found = ratio({0: 3.0, 1: 8.0, 2: 5.0}, {0: 1.0, 2: 1.0})

    assert found is not None
    assert (found.median, found.count) == (4.0, 2)
