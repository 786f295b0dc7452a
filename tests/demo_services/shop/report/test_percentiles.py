from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from demo_services.shop.report.percentiles import Curve, curves, percentile_drawing
from demo_services.shop.story.telling import Story
from tests.demo_services.shop.reports import latency
from tests.demo_services.shop.stories import story


def test_what_was_played_is_compared() -> None:
    assert [(curve.name, curve.latency.count) for curve in curves(story())] == [
        ("normal", 80),
        ("sale", 200),
    ]
    assert curves(Story(governed=True, seed=1, acts=[], instants=[], moments=[])) == []


def test_names_do_not_lie_on_one_another() -> None:
    shown = [
        Curve(name, latency(9, ms).summary()) for name, ms in (("a", 30), ("b", 31), ("c", 32))
    ]
    root = ET.fromstring(percentile_drawing(shown))  # noqa: S314 - made by the code under test
    names = [node for node in root.iter() if node.attrib.get("class", "").startswith("name")]
    assert [node.text for node in names] == ["a 30 ms", "b 31 ms", "c 32 ms"]
    places = [float(node.attrib["y"]) for node in names]
    assert places[0] - places[1] >= 14.9
    assert places[1] - places[2] >= 14.9


def test_slower_is_higher() -> None:
    shown = [Curve("fast", latency(9, 20).summary()), Curve("slow", latency(9, 2000).summary())]
    root = ET.fromstring(percentile_drawing(shown))  # noqa: S314 - made by the code under test
    fast, slow = (
        float(node.attrib["d"].split()[-1])
        for node in root.iter()
        if node.attrib.get("class", "").startswith("line curve")
    )
    assert slow < fast
    assert slow == pytest.approx(24, abs=8)
