"""Panels: each kind as we draw it everywhere, with a title, what to do about it, and a unit.

What is returned is the SDK's own builder; how wide, how high and what is special about one panel is
said with its methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    elasticsearch,
    heatmap,
    logs,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    LogsSortOrder,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from dashboards.sources import LOGS, PROMETHEUS

Asked: TypeAlias = prometheus.Dataquery
Searched: TypeAlias = elasticsearch.Dataquery
_One = TypeVar("_One")


def number(title: str, says: str, unit: str, *asked: Asked) -> stat.Panel:
    """One number, large, with its course behind it; thresholds colour it."""
    panel = stat.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    panel.targets(_lettered(asked)).reduce_options(_last()).height(4).span(4)
    panel.graph_mode(BigValueGraphMode.AREA).color_mode(BigValueColorMode.BACKGROUND)
    return panel.no_value("nothing")


def lines(title: str, says: str, unit: str, *asked: Asked) -> timeseries.Panel:
    """Lines over time, with the last and the largest of each in the legend."""
    panel = timeseries.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    panel.targets(_lettered(asked)).legend(_legend("lastNotNull", "max")).tooltip(_all_series())
    panel.fill_opacity(8).line_width(1).show_points(VisibilityMode.AUTO).no_value("none")
    return panel.height(8).span(12)


def stacked(title: str, says: str, unit: str, *asked: Asked) -> timeseries.Panel:
    """Parts of a whole over time, on top of one another."""
    stacking = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
    return lines(title, says, unit, *asked).stacking(stacking).fill_opacity(40).axis_soft_min(0)


def states(title: str, says: str, unit: str, *asked: Asked) -> statetimeline.Panel:
    """A bar for each series, coloured by what it was when; mappings give the words."""
    panel = statetimeline.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    panel.targets(_lettered(asked)).legend(_legend()).tooltip(_all_series())
    panel.show_value(VisibilityMode.NEVER).merge_values(True).row_height(0.8)
    return panel.fill_opacity(80).line_width(0).height(8).span(12)


def bars(title: str, says: str, unit: str, *asked: Asked) -> bargauge.Panel:
    """A bar for each series, as it is now, the largest of them told apart by colour."""
    panel = bargauge.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    panel.targets(_lettered(asked)).reduce_options(_last()).orientation(VizOrientation.HORIZONTAL)
    return panel.display_mode(BarGaugeDisplayMode.GRADIENT).min(0).height(8).span(8)


def distribution(title: str, says: str, unit: str, asked: Asked) -> heatmap.Panel:
    """How a histogram's observations spread over time; exemplars are dots in it."""
    panel = heatmap.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    panel.targets(_lettered((asked,))).calculate(False).y_axis(heatmap.YAxisConfig().unit(unit))
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges")
    return panel.color(colours.exponent(0.5)).cell_gap(1).show_legend().height(8).span(12)


def rows(title: str, says: str, unit: str, *asked: Asked) -> table.Panel:
    """A table: one row for each combination of labels that all questions have in common.

    Column ``Value #A`` is the answer to the first question, and so on: give them names with
    `columns`.
    """
    panel = table.Panel().title(title).description(says).unit(unit).datasource(PROMETHEUS)
    return panel.targets(_lettered(asked)).height(8).span(24).show_header(True)


def records(title: str, says: str, *searched: Searched, source: DataSourceRef = LOGS) -> logs.Panel:
    """What was written, newest first, with all of its fields when opened."""
    panel = logs.Panel().title(title).description(says).datasource(source)
    panel.targets(_searching(searched, source))
    panel.show_time(True).wrap_log_message(True).enable_log_details(True)
    return panel.sort_order(LogsSortOrder.DESCENDING).height(10).span(24)


def found(
    title: str, says: str, unit: str, *searched: Searched, source: DataSourceRef = LOGS
) -> table.Panel:
    """A table of what Elasticsearch has: a row for each combination of fields, or document."""
    panel = table.Panel().title(title).description(says).unit(unit).datasource(source)
    return panel.targets(_searching(searched, source)).height(8).span(24).show_header(True)


def courses(
    title: str, says: str, unit: str, *searched: Searched, source: DataSourceRef = LOGS
) -> timeseries.Panel:
    """Lines over time of what Elasticsearch has."""
    panel = timeseries.Panel().title(title).description(says).unit(unit).datasource(source)
    panel.targets(_searching(searched, source)).legend(_legend("sum")).tooltip(_all_series())
    return panel.fill_opacity(8).line_width(1).show_points(VisibilityMode.NEVER).height(8).span(12)


def _searching(searched: Sequence[Searched], source: DataSourceRef) -> list[Builder[Dataquery]]:
    return [one.ref_id(letter).datasource(source) for letter, one in _letters(searched)]


def _lettered(asked: Sequence[Asked]) -> list[Builder[Dataquery]]:
    return [one.ref_id(letter).datasource(PROMETHEUS) for letter, one in _letters(asked)]


def _letters(asked: Sequence[_One]) -> list[tuple[str, _One]]:
    return [(chr(ord("A") + place), one) for place, one in enumerate(asked)]


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _legend(*numbers: str) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM)
    mode = LegendDisplayMode.TABLE if numbers else LegendDisplayMode.LIST
    return legend.display_mode(mode).calcs(list(numbers))


def _all_series() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
