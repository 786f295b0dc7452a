"""Every panel with a question moves on a stage."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from dashboards.preview.command import GENERATED, board
from dashboards.viewer.view import panels_of
from tests.integration.dashboards import shop_moves, troubled_moves

pytestmark = pytest.mark.integration

_TABLES: Final = (shop_moves.MOVES, troubled_moves.MOVES)
#: Dashboards whose panels are not proved yet.
_LATER: Final = {"telemetry", "traces"}
_BOARDS: Final = sorted({path.stem for path in GENERATED.glob("*.json")} - _LATER)


@pytest.mark.parametrize("name", _BOARDS)
def test_every_panel_is_named_once(name: str) -> None:
    asking = Counter(panel["title"] for panel in panels_of(board(name)) if panel.get("targets"))
    assert asking == Counter(title for table in _TABLES for title in table.get(name, {}))
