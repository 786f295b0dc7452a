"""Tables: answers to several questions side by side, a row for each of what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, table
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    TableCellBackgroundDisplayMode,
    TableColoredBackgroundCellOptions,
    TableSortByFieldState,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMapping,
)


def largest_first(column: str) -> list[Builder[TableSortByFieldState]]:
    """The rows with the largest of ``column``, by the name above it, first."""
    return [common.TableSortByFieldState().display_name(column).desc(True)]


class Column(NamedTuple):
    """How a column is shown."""

    #: What stands above it; each only once in a table.
    name: str
    #: One of Grafana's; text has none.
    unit: str = ""
    #: By them its cells are coloured.
    thresholds: dashboard.ThresholdsConfig | None = None
    #: Values that have words.
    words: Sequence[ValueMapping] = ()
    #: Where a click leads; ``${__data.fields.NAME}`` is another column of the row.
    links: Sequence[dashboard.DashboardLink] = ()
    decimals: int | None = None
    #: In pixels; as wide as there is room for when left out.
    width: int | None = None


def columns(panel: table.Panel, shown: Mapping[str, Column]) -> table.Panel:
    """``panel`` with these columns in this order: by label, or ``Value #A`` and so on.

    Rows that have the same labels become one. All other columns are left out.
    """
    panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": list(shown)}}
        )
    )
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {name: place for place, name in enumerate(shown)},
                "renameByName": {name: column.name for name, column in shown.items()},
                "excludeByName": {},
            },
        )
    )
    for column in shown.values():
        if properties := _properties(column):
            panel.override_by_name(column.name, properties)
    return panel


def _properties(column: Column) -> list[DynamicConfigValue]:
    found: list[tuple[str, object]] = []
    if column.unit:
        found.append(("unit", column.unit))
    if column.thresholds is not None:
        solid = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)
        found.append(("thresholds", column.thresholds.build()))
        found.append(("custom.cellOptions", solid))
    if column.words:
        found.append(("mappings", list(column.words)))
    if column.links:
        made = [link.build() for link in column.links]
        found.append(("links", [{"title": one.title, "url": one.url} for one in made]))
    if column.decimals is not None:
        found.append(("decimals", column.decimals))
    if column.width is not None:
        found.append(("custom.width", column.width))
    return [DynamicConfigValue(id_val=name, value=value) for name, value in found]
