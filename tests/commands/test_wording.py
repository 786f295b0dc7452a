from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.commands.wording import (
    at,
    lasting,
    mebibytes,
    millis,
    on,
    quantile,
    rate,
    share,
    until_when,
)


@pytest.mark.parametrize(
    "seconds, text",
    [(0.04, "0.0s"), (9.94, "9.9s"), (10, "10s"), (59, "59s"), (60, "1m"), (61, "1m 1s"),
     (552, "9m 12s"), (3600, "1h"), (3661, "1h 1m"), (86400, "1d"), (90061, "1d 1h")],
)  # fmt: skip
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    "per_second, text",
    [(0, "·"), (-1, "·"), (0.04, "0.0"), (1.25, "1.2"), (9.94, "9.9"), (9.96, "10"), (999, "999"),
     (1234, "1.2k"), (12345, "12k"), (1.5e6, "1.5M"), (2e9, "2.0G")],
)  # fmt: skip
def test_rates(per_second: float, text: str) -> None:
    assert rate(per_second) == text


@given(st.floats(0, 1e12))
def test_rates_are_short(per_second: float) -> None:
    assert len(rate(per_second)) <= 5


@pytest.mark.parametrize(
    "seconds, text",
    [(None, "·"), (0.000158, "158µs"), (0.0012, "1.2ms"), (0.0123, "12ms"), (1.234, "1.2s"),
     (120, "120s")],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert millis(seconds) == text


def test_shares_and_sizes() -> None:
    assert [share(part) for part in (0.0, 0.004, 0.5, 1.0)] == ["0%", "0.4%", "50%", "100%"]
    assert mebibytes(71 << 20) == "71 MiB"


def test_moments() -> None:
    moment = datetime(2026, 11, 11, 1, 2, 3, tzinfo=UTC)
    assert datetime.strptime(on(moment), "%Y-%m-%d %H:%M:%S %z") == moment
    assert at(moment).count(":") == 2
    assert until_when(moment).startswith("2026-11-1")


def test_quantiles() -> None:
    bounds = (1.0, 2.0, 4.0)
    assert quantile([0, 0, 0, 0], bounds, 0.5) is None
    assert quantile([10, 0, 0, 0], bounds, 0.5) == 0.5
    assert quantile([0, 10, 0, 0], bounds, 0.5) == 1.5
    assert quantile([0, 0, 0, 10], bounds, 0.5) == 4.0


@given(counts=st.lists(st.integers(0, 100), min_size=4, max_size=4), which=st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_bucket_where_it_must(counts: list[int], which: float) -> None:
    bounds = (1.0, 2.0, 4.0)
    value = quantile(counts, bounds, which)
    if value is None:
        assert sum(counts) == 0
        return
    below = sum(count for count, upper in zip(counts, bounds, strict=False) if upper < value)
    assert below <= which * sum(counts) + 1e-6
