from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dashboards import links, variables
from dashboards.board import Board, Row, written
from tests.dashboards.generated import Json, board, panels
from tests.dashboards.linter import RULES
from tests.dashboards.test_catalogue import strange

PAGE = Path(__file__).parents[2] / "docs" / "dashboards.md"
_BLOCK = re.compile(r"```python dashboards/\S+\n(.*?)```", re.DOTALL)


def _documented() -> Json:
    """A dashboard of the panel that the page adds."""
    names: dict[str, Any] = {}
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - what our own page says
    chosen = (
        variables.datasource(), variables.logs(), variables.job(), variables.instance(),
        variables.service(), variables.kind(), variables.rule(),
    )  # fmt: skip
    row = Row("Limits", (names["_waiting"](), names["_waiting"]().title("Again")))
    whole: Json = json.loads(written(Board(links.GOVERNANCE, "X", "x", chosen, (row,))))
    return whole


def test_the_panel_that_the_page_adds_keeps_every_rule() -> None:
    whole = _documented()
    assert [panel["type"] for panel in panels(whole)] == ["timeseries", "timeseries"]
    assert {name: list(rule(whole)) for name, rule in RULES.items()} == {name: [] for name in RULES}
    assert strange(whole) == []


def test_the_page_names_every_dashboard() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{uid}`" in text for uid in (links.FLEET, links.SERVICE, links.GOVERNANCE))
    assert f"`{board('service.json')['uid']}`" in text
