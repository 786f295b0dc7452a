"""How the row of a kind of rule begins: what it decides, and how much of what it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import DashboardLink

from dashboards import links, looks, panels
from dashboards.board import COLUMNS, Row
from dashboards.queries import decisions, documents
from dashboards.queries.asking import BY_RULE, over_time
from dashboards.tables import Column, columns, largest_first
from sidecar.telemetry import attributes as a

#: A rule, where its kind is clear.
LINE: Final = "{{service}} {{rule}}"
#: The same where what it counts goes on when its mode changes.
LINE_MODE: Final = f"{LINE} ({{{{mode}}}})"
TRACES: Final[list[Builder[DashboardLink]]] = [links.traces_of_series()]

#: How whoever hides behind a hash is found.
WHO: Final = (
    "A hash stands for a user, an address or whatever the key is: the value itself is never told. "
    "Who it is: `sidecar tap --rule KIND/NAME` beside the service shows requests as they are "
    "refused, and `sidecar explain ID` one whose decision's id somebody has."
)
_KEY: Final = (a.RULE_KIND, a.RULE_NAME, a.KEY_NAME, a.KEY_HASH)


#: Panels whose width can still be chosen.
Sized: TypeAlias = statetimeline.Panel | table.Panel | timeseries.Panel


def refusing(kind: str, title: str, says: str, *more: Sized) -> Row:
    """The row of a kind of rule that refuses requests, or lets them wait."""
    return filled_row(title, (_decided(kind, title, says), _share(kind, title), *more))


def acting(kind: str, title: str, says: str, *more: Sized) -> Row:
    """The row of a kind of rule that does something about requests that it lets through."""
    return filled_row(title, (_decided(kind, title, says), _acted(kind, title), *more))


def filled_row(title: str, row: Sequence[Sized]) -> Row:
    """Panels in lines of three; what is left over fills the last line."""
    rest = len(row) % 3
    wide = [panel.span(COLUMNS // 3) for panel in row[: len(row) - rest]]
    return Row(title, (*wide, *(panel.span(COLUMNS // rest) for panel in row[len(wide) :])))


def hottest(title: str, says: str, query: str, *, with_service: bool = True) -> table.Panel:
    """Who is refused most often, by rule and by the hash of the key's value."""
    names = [documents.field(one) for one in _KEY]
    shown = {
        names[0]: Column("Kind", width=110),
        names[1]: Column("Rule"),
        names[2]: Column("Key"),
        names[3]: Column("Hash of its value", links=(links.decisions_of_row(),)),
        "Count": Column("Times", unit=units.Short, decimals=0, width=90),
    }
    if with_service:
        names.insert(0, documents.SERVICE)
        shown = {documents.SERVICE: Column("Service"), **shown}
    searched = documents.counted_by(documents.both(query, documents.with_key()), names)
    panel = columns(panels.found(title, f"{says} {WHO}", units.NoUnit, searched), shown)
    return panel.sort_by(largest_first("Times")).no_value("nobody")


def _decided(kind: str, title: str, says: str) -> timeseries.Panel:
    scope = decisions.of_kind(BY_RULE, kind)
    panel = panels.stacked(
        f"{title}: what is done",
        says,
        units.RequestsPerSecond,
        over_time(decisions.by_outcome(scope), f"{LINE}: {{{{outcome}}}}"),
    )
    return panel.data_links(TRACES).no_value("nothing")


def _share(kind: str, title: str) -> timeseries.Panel:
    scope = decisions.of_kind(BY_RULE, kind)
    panel = panels.lines(
        f"{title}: share refused",
        "Of the requests that a rule is asked about. If it is all of them, nobody gets through. "
        "If that is not meant: `sidecar override KIND/NAME --mode shadow --for 10m`.",
        units.PercentUnit,
        over_time(decisions.refused_share(scope, ("service", "rule")), LINE),
    )
    panel.thresholds(looks.the_more_the_worse(0.1, 0.5)).thresholds_style(looks.drawn())
    return panel.min(0).max(1).data_links(TRACES)


def _acted(kind: str, title: str) -> timeseries.Panel:
    scope = decisions.of_kind(BY_RULE, kind)
    panel = panels.lines(
        f"{title}: for each request",
        "How often, of all requests of the service. Much more than usual: what stands below the "
        "service fails more often than usual. Look for it in its service dashboard.",
        units.PercentUnit,
        over_time(decisions.acted_for_each(scope), LINE),
    )
    panel.thresholds(looks.the_more_the_worse(0.1, 0.5)).thresholds_style(looks.drawn())
    return panel.min(0).data_links(TRACES)
