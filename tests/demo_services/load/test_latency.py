from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_services.load.latency import LatencyHistogram, merged

latencies = st.lists(st.floats(0.000_001, 100), min_size=1, max_size=60)


def _histogram(values: list[float]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.record(value)
    return histogram


def _nearest_rank(values: list[float], percentile: float) -> float:
    """The value at the percentile's rank, rounded as HdrHistogram rounds it."""
    rank = max(int(percentile / 100 * len(values) + 0.5), 1)
    return sorted(values)[rank - 1]


@given(latencies)
def test_percentiles_are_those_of_the_values_to_one_percent(values: list[float]) -> None:
    summary = _histogram(values).summary()
    assert summary.count == len(values)
    for found, percentile in (
        (summary.p50_ms, 50),
        (summary.p90_ms, 90),
        (summary.p99_ms, 99),
        (summary.max_ms, 100),
    ):
        exact = _nearest_rank(values, percentile) * 1000
        assert found == pytest.approx(exact, rel=0.01, abs=0.0021)


@given(latencies, latencies)
def test_merging_is_the_same_as_recording_everything(one: list[float], two: list[float]) -> None:
    together = merged([_histogram(one).summary(), _histogram(two).summary()])
    assert together == _histogram(one + two).summary()


def test_nothing_recorded_is_all_zero() -> None:
    summary = LatencyHistogram().summary()
    assert (summary.count, summary.p50_ms, summary.p99_ms, summary.max_ms) == (0, 0, 0, 0)
    assert merged([]).count == 0


def test_what_is_out_of_range_counts_at_its_edge() -> None:
    summary = _histogram([0.0, 10_000.0]).summary()
    assert summary.count == 2
    assert summary.p50_ms == pytest.approx(0.001)
    assert summary.max_ms == pytest.approx(120_000, rel=0.01)
