"""A dashboard: rows of panels, laid out by what they measure, with what all dashboards share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    GridPos,
    Panel,
    RowPanel,
    VariableModel,
)

from dashboards import links
from dashboards.annotations import all_of_them
from sidecar.alerting.panels import panel_number

#: Grafana's grid has so many columns.
COLUMNS: Final = 24
_UNPLACED: Final = GridPos(h=8, w=12)

AnyPanel: TypeAlias = Builder[Panel]


class Row(NamedTuple):
    """Panels under a heading, from left to right, as many beside each other as fit."""

    title: str
    panels: Sequence[AnyPanel]
    #: Asks nothing until somebody opens it.
    collapsed: bool = False
    #: A variable: one such row for each of its chosen values.
    repeat: str = ""


class Board(NamedTuple):
    """What is special about one dashboard."""

    uid: str
    title: str
    description: str
    variables: Sequence[Builder[VariableModel]]
    rows: Sequence[Row]
    #: How far back it looks when it is opened.
    since: str = "now-30m"
    refresh: str = "10s"


def built(board: Board) -> Dashboard:
    """The dashboard as Grafana takes it. Raises ValueError when two panels have one title."""
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description)
    made.tags([links.MARK]).readonly().timezone("browser").refresh(board.refresh)
    made.time(board.since, "now").tooltip(DashboardCursorSync.CROSSHAIR).week_start("")
    made.variables(list(board.variables)).annotations(list(all_of_them()))
    made.link(links.to_the_others())
    whole = made.build()
    whole.panels = list(_laid_out(board))
    _refuse_doubles(board.uid, whole.panels)
    return whole


def written(board: Board) -> str:
    """The same as the text of a file: always the same for the same board."""
    return json.dumps(built(board), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def _laid_out(board: Board) -> Iterator[Panel | RowPanel]:
    down = 0
    for row in board.rows:
        heading = RowPanel(
            title=row.title, collapsed=row.collapsed, id_val=panel_number(f"row {row.title}"),
            grid_pos=GridPos(h=1, w=COLUMNS, x=0, y=down), repeat=row.repeat or None,
        )  # fmt: skip
        placed, below = _placed([one.build() for one in row.panels], down + 1)
        yield heading
        if row.collapsed:
            # What follows stands right below it, until somebody opens it.
            heading.panels, down = placed, down + 1
        else:
            yield from placed
            down = below


def _placed(panels: Sequence[Panel], down: int) -> tuple[list[Panel], int]:
    """``panels`` with their places, and how far down the next row begins."""
    across, height = 0, 0
    for panel in panels:
        size = panel.grid_pos or _UNPLACED
        if across + size.w > COLUMNS:
            across, down, height = 0, down + height, 0
        panel.grid_pos = GridPos(h=size.h, w=size.w, x=across, y=down)
        panel.id_val = panel_number(panel.title or "")
        across, height = across + size.w, max(height, size.h)
    return list(panels), down + height


def _refuse_doubles(uid: str, panels: Sequence[Panel | RowPanel]) -> None:
    seen: dict[int | None, str | None] = {}
    for panel in _flat(panels):
        if panel.id_val in seen:
            raise ValueError(f"{uid}: {panel.title!r} and {seen[panel.id_val]!r} have one number")
        seen[panel.id_val] = panel.title


def _flat(panels: Sequence[Panel | RowPanel]) -> Iterator[Panel | RowPanel]:
    for panel in panels:
        yield panel
        if isinstance(panel, RowPanel):
            yield from panel.panels
