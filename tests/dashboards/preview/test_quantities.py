"""Numbers as Grafana writes them."""

from __future__ import annotations

import math

import pytest

from dashboards.preview.quantities import quantity


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0.0123, "s", "12.3 ms"),
        (0.000_4, "s", "400 µs"),
        (90, "s", "1.5 mins"),
        (0.995, "percentunit", "99.5%"),
        (0.0, "percentunit", "0%"),
        (1234, "short", "1.23 K"),
        (26.34, "reqps", "26.3 req/s"),
        (78.4 * 2**20, "bytes", "78.4 MiB"),
        (math.nan, "s", "NaN"),
        (math.inf, "", "∞"),
        (7, "", "7"),
    ],
)
def test_a_number_has_its_unit_and_three_digits(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_decimals_can_be_asked_for() -> None:
    assert quantity(0.99899, "percentunit", 3) == "99.899%"
