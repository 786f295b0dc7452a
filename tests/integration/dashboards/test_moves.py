"""Every panel is asked as Grafana asks it, and moves under the fault that it is there to show."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.moves import Move, assert_tells, moving
from tests.integration.dashboards.shop_moves import MOVES
from tests.integration.dashboards.stage import Stage

pytestmark = [pytest.mark.integration, pytest.mark.alone]


@pytest.mark.parametrize("name, title, phase, move", moving(MOVES))
def test_a_panel_moves(stage: Stage, name: str, title: str, phase: str, move: Move) -> None:
    assert_tells(stage, name, title, phase, move)
