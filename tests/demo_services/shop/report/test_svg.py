from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from demo_services.shop.report.svg import (
    Scale,
    decade_ticks,
    drawing,
    element,
    path,
    round_ticks,
    text,
)


def test_a_scale_goes_from_values_to_places() -> None:
    up = Scale(0, 200, 100, 0)
    assert [up(0), up(50), up(200)] == [100, 75, 0]
    assert [up(-5), up(900)] == [100, 0]
    assert Scale(5, 5, 0, 10)(5) == 0


def test_a_logarithmic_scale_gives_each_decade_the_same_room() -> None:
    up = Scale(1, 1000, 0, 30, logarithmic=True)
    assert [round(up(value), 6) for value in (0, 1, 10, 100, 1000)] == [0, 0, 10, 20, 30]


@pytest.mark.parametrize(
    "high,ticks",
    [
        (347, [0, 100, 200, 300]),
        (10, [0, 2, 4, 6, 8, 10]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, [0]),
    ],
)
def test_round_ticks(high: float, ticks: list[float]) -> None:
    assert round_ticks(high, 5) == pytest.approx(ticks)


def test_decades() -> None:
    assert decade_ticks(5, 2000) == [10, 100, 1000]
    assert decade_ticks(10, 99) == [10]


def test_elements_are_well_formed_whatever_they_say() -> None:
    words = 'a < b & "c"'
    made = drawing(9, 9, words, [text(words, 1, 2.25, "tick"), element("line", x1=0, y1=10.0)])
    root = ET.fromstring(made)  # noqa: S314 - made above
    assert root.attrib["aria-label"] == words
    assert root[0].text == words
    assert root[0].attrib == {"x": "1", "y": "2.2", "class": "tick"}
    assert root[1].attrib == {"x1": "0", "y1": "10"}


def test_a_path_needs_points() -> None:
    assert path([(1, 2), (3.25, 4)], "line") == '<path d="M1.0 2.0L3.2 4.0" class="line"/>'
    assert path([], "line") == ""
