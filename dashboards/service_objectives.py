"""Service, the row of its objectives: what is left of the budgets, and how fast they burn."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import bargauge, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import objectives
from dashboards.queries.asking import FLEET, as_table, at_the_end, over_time
from dashboards.queries.objectives import over
from dashboards.tables import Column, columns

_LINE: Final = "{{service}} {{slo}}"
_BURNS: Final = looks.the_more_the_worse


def _left() -> bargauge.Panel:
    panel = panels.bars(
        "Budget left",
        "Of what may go wrong within `budget over` (chosen above; the table has each objective's "
        "own). Little left: make no risky changes. Below zero: the objective is missed.",
        units.PercentUnit,
        at_the_end(objectives.budget_left(FLEET, "$over"), _LINE),
    )
    return panel.thresholds(looks.the_less_the_worse(0.25, 0)).max(1)


def _burn() -> timeseries.Panel:
    panel = panels.lines(
        "Budget burn",
        "At 1 the budget lasts exactly as long as it has to. The dashed lines are what is a "
        "ticket and what wakes somebody, when it lasts.",
        units.Short,
        over_time(objectives.burn(FLEET), _LINE),
    )
    panel.thresholds(_BURNS(1, 14.4)).thresholds_style(looks.drawn())
    return panel.data_links([links.traces_of_series()]).span(8).min(0)


def _outcomes() -> timeseries.Panel:
    panel = panels.stacked(
        "Requests as objectives count them",
        "`shed` was turned away so that others are served: it stands apart, so that protection is "
        "not mistaken for failure. `bad` is what to look for in the traces.",
        units.RequestsPerSecond,
        over_time(objectives.by_outcome(FLEET), f"{_LINE}: {{{{outcome}}}}"),
    )
    return panel.data_links([links.traces_of_series()]).span(8)


def _objectives() -> table.Panel:
    panel = panels.rows(
        "Objectives",
        "The same over fixed windows: high in both 5m and 1h is going on and serious, high in 1h "
        "alone is over, high in 3d alone is a slow leak that nobody was woken for.",
        units.NoUnit,
        as_table(objectives.target(FLEET)),
        as_table(objectives.period(FLEET)),
        as_table(objectives.good_share(FLEET)),
        as_table(objectives.burn(FLEET, over("5m"))),
        as_table(objectives.burn(FLEET, over("1h"))),
        as_table(objectives.burn(FLEET, over("6h"))),
        as_table(objectives.burn(FLEET, over("3d"))),
        as_table(objectives.budget_left(FLEET, "$over")),
    )
    shown = {
        "service": Column("Service"),
        "slo": Column("Objective"),
        "Value #A": Column("Target", units.PercentUnit, decimals=3),
        "Value #B": Column("Over", units.DurationSeconds),
        "Value #C": Column("Good now", units.PercentUnit, decimals=3),
        "Value #D": Column("Burn 5m", units.Short, _BURNS(1, 14.4), decimals=1),
        "Value #E": Column("Burn 1h", units.Short, _BURNS(1, 14.4), decimals=1),
        "Value #F": Column("Burn 6h", units.Short, _BURNS(1, 6), decimals=1),
        "Value #G": Column("Burn 3d", units.Short, _BURNS(0.8, 1), decimals=1),
        "Value #H": Column("Budget left", units.PercentUnit, looks.the_less_the_worse(0.25, 0)),
    }
    return columns(panel, shown).height(6)


ROW: Final = Row("How is the budget?", (_left(), _burn(), _outcomes(), _objectives()))
