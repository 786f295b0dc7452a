"""Panels about rules and troubles that the shop does not have move under these, too."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.moves import Move, assert_tells, moving
from tests.integration.dashboards.seen import Seen
from tests.integration.dashboards.troubled_moves import MOVES

pytestmark = [pytest.mark.integration, pytest.mark.alone]


@pytest.mark.parametrize("name, title, phase, move", moving(MOVES))
def test_a_panel_moves(troubled: Seen, name: str, title: str, phase: str, move: Move) -> None:
    assert_tells(troubled, name, title, phase, move)
