"""Every panel is asked as Grafana asks it, and moves under the fault that it is there to show."""

from __future__ import annotations

import pytest

from dashboards.preview.command import GENERATED, board
from dashboards.viewer.view import panels_of
from tests.integration.dashboards.moves import LATER, MOVES, STILL, Move
from tests.integration.dashboards.stage import QUIET, RUSH, Stage

pytestmark = pytest.mark.integration

_MOVING = [
    pytest.param(name, title, phase, move, id=f"{name}: {title}")
    for name, panels in MOVES.items()
    for title, (phase, move) in panels.items()
]
_STILL = [(name, title) for name, panels in STILL.items() for title in panels]


@pytest.mark.parametrize("name, title, phase, move", _MOVING)
def test_a_panel_moves_under_its_fault(
    stage: Stage, name: str, title: str, phase: str, move: Move
) -> None:
    quiet, fault = stage.answered(name, title, QUIET), stage.answered(name, title, phase)
    assert fault.frames
    assert not fault.unasked
    assert move.is_seen(quiet, fault), f"{quiet.frames}\n\n{fault.frames}"


@pytest.mark.parametrize("name, title", _STILL)
def test_other_panels_are_answered_too(stage: Stage, name: str, title: str) -> None:
    assert not stage.answered(name, title, RUSH).unasked


@pytest.mark.parametrize("name", sorted(MOVES))
def test_annotations_are_answered(stage: Stage, name: str) -> None:
    assert list(stage.view(name, RUSH).marks())


def test_every_panel_moves_or_has_a_reason_why_not() -> None:
    for path in sorted(GENERATED.glob("*.json")):
        if path.stem in LATER:
            continue
        panels = panels_of(board(path.stem))
        titles = {panel["title"] for panel in panels if panel.get("targets")}
        named = [*MOVES.get(path.stem, {}), *STILL.get(path.stem, {})]
        assert titles == set(named)
        assert len(named) == len(set(named))
