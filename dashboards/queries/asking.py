"""How a question is put to Prometheus: over the window that the screen can show, in its scope."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from sidecar.telemetry.promql import Scope

#: Four scrapes at least, and no gap between two points of the screen.
WINDOW: Final = "$__rate_interval"
#: The whole time that is looked at.
RANGE: Final = "$__range"

#: What each dashboard can be narrowed down to. A dashboard without a variable cannot use its scope.
FLEET: Final = Scope({"job": "=~$job", "instance": "=~$instance", "service": "=~$service"})
BY_ROUTE: Final = Scope({**FLEET.matchers, "http_route": "=~$route"})
BY_RULE: Final = Scope({**FLEET.matchers, "kind": "=~$kind", "rule": "=~$rule"})
BY_UPSTREAM: Final = Scope({**FLEET.matchers, "upstream": "=~$upstream"})


def over_time(expression: str, legend: str = "__auto") -> prometheus.Dataquery:
    """A line for each series; ``legend`` may use labels: ``{{service}}``."""
    return _query(expression).legend_format(legend).range()


def with_exemplars(expression: str, legend: str = "__auto") -> prometheus.Dataquery:
    """The same, with the traces that buckets remember as dots that lead to them."""
    return over_time(expression, legend).exemplar(True)


def at_the_end(expression: str, legend: str = "__auto") -> prometheus.Dataquery:
    """One value for each series: as it is at the end of what is looked at."""
    return _query(expression).legend_format(legend).instant()


def as_table(expression: str) -> prometheus.Dataquery:
    """A row for each series with its labels as columns, as it is at the end."""
    return at_the_end(expression).format(PromQueryFormat.TABLE)


def as_heatmap(expression: str) -> prometheus.Dataquery:
    """The buckets of a histogram, summed by ``le``."""
    return over_time(expression, "{{le}}").format(PromQueryFormat.HEATMAP)


def _query(expression: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).editor_mode(QueryEditorMode.CODE)
