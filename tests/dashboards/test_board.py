from __future__ import annotations

import itertools

import pytest
from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models.dashboard import GridPos, RowPanel

from dashboards import panels
from dashboards.board import COLUMNS, Board, Row, built
from dashboards.queries.asking import over_time
from sidecar.alerting.panels import panel_number
from tests.dashboards.generated import BOARDS, Json, board


def _panel(title: str, width: int, height: int = 4) -> stat.Panel:
    return panels.number(title, "says", "s", over_time("up")).span(width).height(height)


def _board(*rows: Row) -> Board:
    return Board("sidecar-x", "X", "x", (), rows)


def _places(whole: Board) -> dict[str, tuple[int, int]]:
    return {one.title or "": _place(one.grid_pos) for one in built(whole).panels or ()}


def _place(position: GridPos | None) -> tuple[int, int]:
    assert position is not None
    return position.x, position.y


def test_panels_stand_beside_each_other_until_there_is_no_room() -> None:
    row = Row("r", (_panel("a", 12), _panel("b", 12, 8), _panel("c", 8), _panel("d", 16)))
    assert _places(_board(row, Row("s", (_panel("e", 24),)))) == {
        "r": (0, 0), "a": (0, 1), "b": (12, 1), "c": (0, 9), "d": (8, 9), "s": (0, 13),
        "e": (0, 14),
    }  # fmt: skip


def test_what_follows_a_closed_row_stands_right_below_it() -> None:
    closed = Row("r", (_panel("a", 24),), collapsed=True)
    whole = _board(closed, Row("s", (_panel("b", 24),)))
    assert _places(whole) == {"r": (0, 0), "s": (0, 1), "b": (0, 2)}
    heading = next(iter(built(whole).panels or ()))
    assert isinstance(heading, RowPanel)
    assert [one.title for one in heading.panels] == ["a"]


def test_a_panel_keeps_its_number_when_others_are_put_before_it() -> None:
    alone, second = (
        {one.title: one.id_val for one in built(_board(Row("r", row))).panels or ()}
        for row in ((_panel("a", 12),), (_panel("b", 12), _panel("a", 12)))
    )
    assert alone["a"] == second["a"] == panel_number("a")


def test_two_panels_with_one_title_are_refused() -> None:
    with pytest.raises(ValueError, match="sidecar-x: 'a' and 'a' have one number"):
        built(_board(Row("r", (_panel("a", 12), _panel("a", 12)))))


def _squares(panel: Json) -> set[tuple[int, int]]:
    at = panel["gridPos"]
    across, down = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
    return set(itertools.product(across, down))


@pytest.mark.parametrize("name", BOARDS)
def test_panels_fill_the_whole_width_and_none_lies_on_another(name: str) -> None:
    whole = board(name)
    for group in (whole["panels"], *(one.get("panels", []) for one in whole["panels"])):
        taken = [square for panel in group for square in _squares(panel)]
        assert len(taken) == len(set(taken)), "two panels lie on one another"
        gaps = {
            down: COLUMNS - len({x for x, y in taken if y == down})
            for down in {y for _, y in taken}
        }
        assert not any(gaps.values()), f"a line of panels is not filled: {gaps}"


@pytest.mark.parametrize("name", BOARDS)
def test_every_dashboard_is_ours_and_looks_like_the_others(name: str) -> None:
    whole = board(name)
    assert whole["schemaVersion"] == 42
    assert whole["tags"] == ["managed-by-sidecar"]
    assert (whole["timezone"], whole["graphTooltip"]) == ("browser", 1)
    assert whole["refresh"] in {"10s", "30s"}
    assert whole["uid"] == f"sidecar-{name.removesuffix('.json')}"
    assert "id" not in whole, "a number that another Grafana has given"
