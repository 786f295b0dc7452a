"""Every panel with a question moves on a stage, or it is written down why it cannot."""

from __future__ import annotations

from collections import Counter

import pytest

from dashboards.preview.command import GENERATED, board
from dashboards.viewer.view import panels_of
from tests.integration.dashboards import shop_moves, troubled_moves
from tests.integration.dashboards.still import LATER, STILL

pytestmark = pytest.mark.integration

TABLES = (shop_moves.MOVES, troubled_moves.MOVES, STILL)
BOARDS = sorted({path.stem for path in GENERATED.glob("*.json")} - LATER)


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_is_named_once(name: str) -> None:
    asking = Counter(panel["title"] for panel in panels_of(board(name)) if panel.get("targets"))
    assert asking == Counter(title for table in TABLES for title in table.get(name, {}))
