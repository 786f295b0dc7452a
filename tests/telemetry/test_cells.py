from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.cells import HistogramCell, Tally

_BOUNDS = (0.005, 0.01, 0.1, 1.0)


def test_a_bound_belongs_to_its_own_bucket() -> None:
    cell = HistogramCell(_BOUNDS)
    cell.observe(0.01)
    assert cell.counts == [0, 1, 0, 0, 0]


@given(st.lists(st.floats(0, 10)))
def test_every_observation_is_in_the_first_bucket_that_reaches_it(values: list[float]) -> None:
    cell = HistogramCell(_BOUNDS)
    for value in values:
        cell.observe(value)
    for index, bound in enumerate(_BOUNDS):
        assert sum(cell.counts[: index + 1]) == sum(value <= bound for value in values)
    assert cell.count == len(values)
    assert cell.total == pytest.approx(sum(values))  # since 3.12 sum() rounds but once


def test_the_latest_exemplar_of_a_bucket_stays_and_counts_nothing() -> None:
    cell = HistogramCell(_BOUNDS)
    for value in (0.02, 5.0):
        cell.observe(value)
    cell.exemplify(0.02, "a" * 32, 1.0)
    cell.exemplify(0.03, "b" * 32, 2.0)
    cell.exemplify(5.0, "c" * 32, 3.0)
    assert {index: one.trace_id[0] for index, one in cell.exemplars.items()} == {2: "b", 4: "c"}
    assert cell.count == 2


def test_nothing_stands_for_a_bucket_that_is_empty() -> None:
    cell = HistogramCell(_BOUNDS)
    cell.observe(5.0)
    cell.exemplify(0.02, "a" * 32, 1.0)
    assert cell.exemplars == {}


def test_a_tally_has_every_reason_from_the_start() -> None:
    assert Tally(("late", "early")).counts == {"late": 0, "early": 0, "_OTHER": 0}


@given(st.lists(st.sampled_from(["late", "early", "unheard of", "", "_OTHER"])))
def test_a_tally_counts_everything_in_a_closed_set(words: list[str]) -> None:
    tally = Tally(("late", "early"))
    for word in words:
        tally(word)
    expected = Counter(word if word in {"late", "early"} else "_OTHER" for word in words)
    assert {word: count for word, count in tally.counts.items() if count} == expected


def test_a_tally_counts_several_at_once() -> None:
    tally = Tally(("late",))
    tally("late", 3)
    assert tally.counts["late"] == 3
