"""A trace as a waterfall, by a data source of Jaeger's kind. The SDK has builders for neither."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import GridPos, Panel

from dashboards.board import COLUMNS
from dashboards.sources import TRACES

#: High enough for some dozens of spans; longer traces scroll.
_HEIGHT: Final = 18


class TraceById(Dataquery):
    """Asks for one trace by its id."""

    def __init__(self, trace: str, letter: str = "A") -> None:
        self.datasource: DataSourceRef = TRACES
        self._trace = trace
        self._letter = letter

    def to_json(self) -> dict[str, object]:
        """As Grafana's Jaeger data source reads it: without a type the query is an id."""
        return {"refId": self._letter, "datasource": self.datasource, "query": self._trace}


class Waterfall(Builder[Panel]):
    """The panel; ``trace`` is an id, or a variable that holds one."""

    def __init__(self, title: str, says: str, trace: str) -> None:
        self._title = title
        self._says = says
        self._trace = trace

    def build(self) -> Panel:
        """The panel as Grafana takes it."""
        return Panel(
            type_val="traces",
            title=self._title,
            description=self._says,
            datasource=TRACES,
            targets=[TraceById(self._trace)],
            grid_pos=GridPos(h=_HEIGHT, w=COLUMNS),
        )
