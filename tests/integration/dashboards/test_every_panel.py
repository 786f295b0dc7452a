"""Every panel with a question moves on a stage."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from dashboards.preview.command import GENERATED, board
from dashboards.viewer.view import panels_of
from tests.integration.dashboards import (
    shop_moves,
    telling_moves,
    test_one_trace,
    troubled_moves,
)

pytestmark = pytest.mark.integration

_TABLES: Final = (
    shop_moves.MOVES,
    troubled_moves.MOVES,
    telling_moves.MOVES,
    # They show what is chosen, whenever it was.
    {"traces": test_one_trace.TITLES},
)
_BOARDS: Final = sorted(path.stem for path in GENERATED.glob("*.json"))


@pytest.mark.parametrize("name", _BOARDS)
def test_every_panel_is_named_once(name: str) -> None:
    asking = Counter(panel["title"] for panel in panels_of(board(name)) if panel.get("targets"))
    assert asking == Counter(title for table in _TABLES for title in table.get(name, {}))
