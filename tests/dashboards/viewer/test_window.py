"""Intervals as Grafana works them out."""

from __future__ import annotations

import pytest

from dashboards.viewer.window import Window, duration


@pytest.mark.parametrize(
    "seconds, points, interval",
    [(1800, 1000, "15s"), (6 * 3600, 1000, "20s"), (86_400, 1000, "1m"), (90, 1000, "15s")],
)
def test_points_are_a_round_distance_apart(seconds: int, points: int, interval: str) -> None:
    assert Window(0, seconds, 15.0, points).variables["__interval"] == interval


@pytest.mark.parametrize(
    "seconds, scrape, rate",
    # Four scrapes where points are close, else the distance of two points and a scrape.
    [(1800, 15.0, "1m"), (60, 1.0, "4s"), (7 * 86_400, 15.0, "615s")],
)
def test_a_rate_holds_enough_scrapes_and_leaves_no_gap(
    seconds: int, scrape: float, rate: str
) -> None:
    assert Window(0, seconds, scrape).variables["__rate_interval"] == rate


def test_bounds_and_length_are_variables_too() -> None:
    found = Window(10.5, 70.5).variables
    assert found["__range"] == "60s"
    assert found["__range_s"] == "60"
    assert (found["__from"], found["__to"]) == ("10500", "70500")


@pytest.mark.parametrize(
    "seconds, text", [(0.25, "250ms"), (15, "15s"), (120, "2m"), (7200, "2h"), (172_800, "2d")]
)
def test_durations_are_written_with_the_largest_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text
