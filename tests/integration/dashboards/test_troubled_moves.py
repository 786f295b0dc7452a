"""Panels about rules and troubles that the shop does not have move under these, too."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.moves import Move
from tests.integration.dashboards.seen import Seen
from tests.integration.dashboards.troubled import QUIET, STILL_QUIET
from tests.integration.dashboards.troubled_moves import MOVES

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
def test_a_panel_moves_under_its_trouble(
    troubled: Seen, name: str, title: str, phase: str, move: Move
) -> None:
    quiet, trouble = troubled.answered(name, title, QUIET), troubled.answered(name, title, phase)
    assert not trouble.unasked
    assert move.is_seen(quiet, trouble), f"{quiet.frames}\n\n{trouble.frames}"


@pytest.mark.parametrize("name, title, move", _MOVES)
def test_it_does_not_move_in_a_quiet_time(
    troubled: Seen, name: str, title: str, move: Move
) -> None:
    before, after = (troubled.answered(name, title, quiet) for quiet in (QUIET, STILL_QUIET))
    if move.is_steady(before):
        assert not move.is_seen(before, after), f"{before.frames}\n\n{after.frames}"
