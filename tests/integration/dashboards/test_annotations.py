"""What is drawn into every panel: when rules went live, what is held, which breaker is open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.preview.command import GENERATED
from dashboards.viewer.frames import Field
from dashboards.viewer.window import Window
from tests.integration.dashboards.seen import QUIET
from tests.integration.dashboards.stage import FAILING, HANDS, SHELVES, Stage

pytestmark = [pytest.mark.integration, pytest.mark.alone]

_BOARDS = sorted(path.stem for path in GENERATED.glob("*.json"))
_MILLISECONDS = 1000.0
#: At most, from the start of the shop to the quiet time.
_STARTED_SECONDS = 120.0


def _marks(stage: Stage, name: str, phase: str, mark: str) -> Iterator[Field]:
    """The series of one of the annotations."""
    [frames] = [found for one, found in stage.view(name, phase).marks() if one["name"] == mark]
    return (one for frame in frames for one in frame.numbers)


@pytest.mark.parametrize("name", _BOARDS)
def test_a_breaker_that_opens_is_a_region_of_the_phase_in_which_it_is_open(
    stage: Stage, name: str
) -> None:
    assert not list(_marks(stage, name, QUIET, "Breaker open"))
    open_ones = {
        (one.labels["service"], one.labels["rule"])
        for one in _marks(stage, name, FAILING, "Breaker open")
    }
    assert ("storefront", "stock") in open_ones


@pytest.mark.parametrize("name", _BOARDS)
def test_what_operators_hold_is_a_region(stage: Stage, name: str) -> None:
    assert not list(_marks(stage, name, QUIET, "Held by hand"))
    held = {
        (one.labels["service"], one.labels["control"])
        for one in _marks(stage, name, HANDS, "Held by hand")
    }
    assert held == {("storefront", "override"), ("storefront", "breaker")}


@pytest.mark.parametrize("name", _BOARDS)
def test_rules_that_go_live_are_marks_at_the_time_when_they_did(stage: Stage, name: str) -> None:
    """A file that cannot be used changes nothing, so that there is no new mark."""
    for one in _marks(stage, name, HANDS, "Rules went live"):
        assert len(set(one.values)) == 1
    [live] = [
        one
        for one in _marks(stage, name, HANDS, "Rules went live")
        if one.labels["service"] == "storefront"
    ]
    assert live.values[0] < stage.windows[QUIET].start * _MILLISECONDS
    assert live.values[0] > (stage.windows[QUIET].start - _STARTED_SECONDS) * _MILLISECONDS


@pytest.mark.parametrize("name", _BOARDS)
def test_the_same_in_words(stage: Stage, name: str) -> None:
    """It is switched off where nobody has logs; switched on it says what happened."""
    assert _said(stage, name, QUIET) == []
    assert any("breaker stock" in one for one in _said(stage, name, FAILING))
    held = _said(stage, name, HANDS, since=stage.windows[SHELVES].end)
    assert any("rate_limits/each-user" in one for one in held), held


def _said(stage: Stage, name: str, phase: str, since: float | None = None) -> list[str]:
    """In a phase, or from a moment before it on, when hands were laid on."""
    view = stage.view(name, phase)
    [mark] = [one for one in view.dashboard["annotations"]["list"] if one["name"] == "In words"]
    window = stage.windows[phase]
    window = Window(since or window.start, window.end, window.scrape_seconds)
    [frame] = stage.sources.elasticsearch["logs"].answer(mark["target"], view.chosen, window)
    texts = frame.named(mark["textField"])
    return [str(one) for one in texts.values] if texts is not None else []
