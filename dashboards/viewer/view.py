"""A whole dashboard with its answers: what Grafana would have in its hands before it draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dashboards.viewer.elasticsearch import Elasticsearch
from dashboards.viewer.frames import Frame
from dashboards.viewer.interpolation import Chosen, for_prometheus, interpolated
from dashboards.viewer.prometheus import Prometheus
from dashboards.viewer.transformations import transformed
from dashboards.viewer.variables import chosen_variables
from dashboards.viewer.window import Window

_PROMETHEUS: Final = "prometheus"
_ELASTICSEARCH: Final = "elasticsearch"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where data sources lead; what is not there is not asked."""

    prometheus: Prometheus
    #: By the variable that stands for it: ``logs``, ``spans``.
    elasticsearch: Mapping[str, Elasticsearch] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel with what its questions were answered."""

    panel: Mapping[str, Any]
    #: As they came, before anything was made of them.
    raw: list[Frame]
    #: As they are drawn.
    frames: list[Frame]
    #: What cannot be asked here, such as a trace of a Jaeger data source.
    unasked: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The heading of the panel."""
        return str(self.panel.get("title", ""))


class View:
    """A dashboard that somebody looks at: with a time, and with what is chosen at its top."""

    def __init__(
        self,
        dashboard: Mapping[str, Any],
        sources: Sources,
        window: Window,
        wanted: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.dashboard = dashboard
        self.window = window
        self._sources = sources
        self.chosen: dict[str, Chosen] = chosen_variables(
            dashboard["templating"]["list"], wanted or {}, sources.prometheus, window
        )

    def panels(self) -> Iterator[Answered]:
        """Every panel with its answers, rows opened; what has no question is left out."""
        for panel in panels_of(self.dashboard):
            if panel.get("targets"):
                yield self.answered(panel)

    def answered(self, panel: Mapping[str, Any]) -> Answered:
        """One panel with its answers."""
        raw: list[Frame] = []
        unasked: list[Mapping[str, Any]] = []
        for target in panel["targets"]:
            source = self._source_of(target, panel)
            if source is None:
                unasked.append(target)
            elif not target.get("hide"):
                raw += source.answer(target, self.chosen, self.window)
        frames = transformed(list(raw), panel.get("transformations") or [])
        return Answered(panel, raw, frames, unasked)

    def marks(self) -> Iterator[tuple[Mapping[str, Any], list[Frame]]]:
        """The annotations of metrics that are switched on, with what they found."""
        for one in self.dashboard["annotations"]["list"]:
            is_of_metrics = (one.get("datasource") or {}).get("type") == _PROMETHEUS
            if one.get("enable") and is_of_metrics:
                target = {"refId": "A", "expr": one["expr"]}
                yield one, self._sources.prometheus.answer(target, self.chosen, self.window)

    def expression(self, target: Mapping[str, Any]) -> str:
        """What Prometheus is asked, variables filled in."""
        return interpolated(target["expr"], self.chosen, for_prometheus)

    def _source_of(
        self, target: Mapping[str, Any], panel: Mapping[str, Any]
    ) -> Prometheus | Elasticsearch | None:
        reference = target.get("datasource") or panel.get("datasource") or {}
        if reference.get("type") == _PROMETHEUS:
            return self._sources.prometheus
        if reference.get("type") == _ELASTICSEARCH:
            return self._sources.elasticsearch.get(reference["uid"].strip("${}"))
        return None


def panels_of(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel from top to bottom, those in closed rows too; rows themselves are none."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels") or []
