from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from demo_services.shop.report.timeline import latency_drawing, requests_drawing
from demo_services.shop.story.telling import Story
from tests.demo_services.shop.stories import story

Draw = Callable[[Story], str]


def _parsed(markup: str) -> ET.Element:
    return ET.fromstring(markup)  # noqa: S314 - made by the code under test


def _of(root: ET.Element, class_: str) -> list[ET.Element]:
    return [node for node in root.iter() if node.attrib.get("class") == class_]


def test_every_second_is_a_bar_of_what_became_of_its_requests() -> None:
    root = _parsed(requests_drawing(story()))
    assert len(_of(root, "fill served")) == 3
    [degraded] = _of(root, "fill degraded")
    [failed] = _of(root, "fill failed")
    assert len(_of(root, "fill refused")) == 2
    assert degraded[0].text == "3 s, sale: 7 served with less (x-degraded)"
    # One upon another: what failed ends where the bar does.
    assert float(failed.attrib["y"]) < float(degraded.attrib["y"])


def test_heights_are_true_to_the_counts() -> None:
    root = _parsed(requests_drawing(story()))
    served = [float(node.attrib["height"]) for node in _of(root, "fill served")]
    refused = [float(node.attrib["height"]) for node in _of(root, "fill refused")]
    assert served[0] == pytest.approx(served[1])
    assert refused[0] / served[2] == pytest.approx(250 / 93, rel=0.02)


def test_lines_are_cut_where_nobody_was_served_and_between_acts() -> None:
    root = _parsed(latency_drawing(story()))
    assert len(_of(root, "line p99")) == len(_of(root, "line p50")) == 2
    assert len(_of(root, "dot p99")) == 3


@pytest.mark.parametrize("draw", [requests_drawing, latency_drawing])
def test_acts_and_moments_are_named(draw: Draw) -> None:
    root = _parsed(draw(story()))
    assert [node.text for node in _of(root, "act")] == ["normal", "sale"]
    assert [node.text for node in _of(root, "mark-number")] == ["1", "2"]


@pytest.mark.parametrize("draw", [requests_drawing, latency_drawing])
def test_a_story_that_never_began_can_be_drawn(draw: Draw) -> None:
    _parsed(draw(Story(governed=True, seed=1, acts=[], instants=[], moments=[])))
