"""Every panel is asked as Grafana asks it, and moves under the fault that it is there to show."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.moves import Move
from tests.integration.dashboards.shop_moves import MOVES
from tests.integration.dashboards.stage import QUIET, STILL_QUIET, Stage

pytestmark = [pytest.mark.integration, pytest.mark.alone]

_MOVING = [
    pytest.param(name, title, phase, move, id=f"{name}: {title}")
    for name, panels in MOVES.items()
    for title, (phase, move) in panels.items()
]
_MOVES = [
    pytest.param(name, title, move, id=f"{name}: {title}")
    for name, panels in MOVES.items()
    for title, (_, move) in panels.items()
]


@pytest.mark.parametrize("name, title, phase, move", _MOVING)
def test_a_panel_moves_under_its_fault(
    stage: Stage, name: str, title: str, phase: str, move: Move
) -> None:
    quiet, fault = stage.answered(name, title, QUIET), stage.answered(name, title, phase)
    assert fault.frames
    assert not fault.unasked
    assert move.is_seen(quiet, fault), f"{quiet.frames}\n\n{fault.frames}"


@pytest.mark.parametrize("name, title, move", _MOVES)
def test_it_does_not_move_in_a_quiet_time(stage: Stage, name: str, title: str, move: Move) -> None:
    before, after = (stage.answered(name, title, quiet) for quiet in (QUIET, STILL_QUIET))
    if move.is_steady(before):
        assert not move.is_seen(before, after), f"{before.frames}\n\n{after.frames}"
