"""What can be chosen at the top of a dashboard; each choice narrows the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.queries.asking import FLEET
from dashboards.sources import PROMETHEUS
from sidecar.telemetry import catalogue as c
from sidecar.telemetry.promql import Scope, Selector

_ALL: Final = VariableOption(selected=True, text=["All"], value=["$__all"])


def datasource() -> dashboard.DatasourceVariable:
    """Prometheus."""
    return _source("datasource", "Data source", "prometheus", "sidecar-prometheus")


def logs() -> dashboard.DatasourceVariable:
    """The Elasticsearch data source of log records."""
    return _source("logs", "Logs", "elasticsearch", "sidecar-logs", "/log/i")


def spans() -> dashboard.DatasourceVariable:
    """The Elasticsearch data source of spans."""
    return _source("spans", "Spans", "elasticsearch", "sidecar-spans", "/span|trace/i")


def traces() -> dashboard.DatasourceVariable:
    """The Jaeger data source over ``sidecar traces serve``."""
    return _source("traces", "Traces", "jaeger", "sidecar-traces")


def _source(
    name: str, label: str, kind: str, uid: str, regex: str = ""
) -> dashboard.DatasourceVariable:
    """Ours when Grafana has it, else the first of its kind."""
    variable = dashboard.DatasourceVariable(name).label(label).type(kind).regex(regex)
    return variable.current(VariableOption(selected=True, text=uid, value=uid))


def job() -> dashboard.QueryVariable:
    """What the scraper calls its targets."""
    return _labels("job", "job", Scope({})(c.BUILD), "What Prometheus scrapes")


def instance() -> dashboard.QueryVariable:
    """One process among several of a service."""
    chosen = Scope({"job": "=~$job"})
    return _labels("instance", "instance", chosen(c.BUILD), "A sidecar")


def service() -> dashboard.QueryVariable:
    """The service that a sidecar wraps."""
    chosen = Scope({"job": "=~$job", "instance": "=~$instance"})
    return _labels("service", "service", chosen(c.BUILD), "A service with its sidecars")


def route() -> dashboard.QueryVariable:
    """A route of the rule file; what matched none has an empty one, and belongs to all."""
    asked = FLEET(c.SERVER_DURATION, "_count")
    return _labels("route", "http_route", asked, "A route of the rule file").all_value(".*")


def kind() -> dashboard.QueryVariable:
    """A kind of rule."""
    return _labels("kind", "kind", FLEET(c.DECISIONS), "A kind of rule")


def rule() -> dashboard.QueryVariable:
    """A rule by its name."""
    chosen = Scope({**FLEET.matchers, "kind": "=~$kind"})
    return _labels("rule", "rule", chosen(c.DECISIONS), "A rule")


def upstream() -> dashboard.QueryVariable:
    """Whom the sidecar calls: its own service, and those that its service needs."""
    return _labels("upstream", "upstream", FLEET(c.UPSTREAM_UP), "Whom the sidecar calls")


def over() -> dashboard.CustomVariable:
    """Over how long budgets are looked at."""
    says = "Over how long budgets are looked at: most objectives say 30d"
    return choice("over", "budget over", ("1h", "6h", "1d", "7d", "28d", "30d", "90d"), "30d", says)


def trace() -> dashboard.TextBoxVariable:
    """The id of one trace; links from tables and log lines fill it."""
    return _typed("trace", "trace", "The id of a trace, which is drawn below", "")


def words() -> dashboard.TextBoxVariable:
    """What log records are to have in them: words, or a key's hash."""
    says = "Words, a key's hash or any query in Lucene's language; * is everything"
    return _typed("text", "search", says, "*")


def _typed(name: str, label: str, says: str, first: str) -> dashboard.TextBoxVariable:
    current = VariableOption(selected=True, text=first, value=first)
    variable = dashboard.TextBoxVariable(name).label(label).description(says)
    return variable.default_value(first).current(current).options([current])


def choice(
    name: str, label: str, values: Sequence[str], chosen: str, says: str
) -> dashboard.CustomVariable:
    """One of some values that are always the same."""
    options = [VariableOption(selected=one == chosen, text=one, value=one) for one in values]
    variable = dashboard.CustomVariable(name).label(label).values(",".join(values))
    current = VariableOption(selected=True, text=chosen, value=chosen)
    return variable.options(options).current(current).description(says).allow_custom_value(True)


def _labels(name: str, label: str, series: Selector, says: str) -> dashboard.QueryVariable:
    question = f"label_values({series.text}, {label})"
    variable = dashboard.QueryVariable(name).label(name).description(says).datasource(PROMETHEUS)
    variable.query(question).definition(question).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(VariableSort.ALPHABETICAL_ASC).multi(True).include_all(True).all_value(".+")
    return variable.current(_ALL).hide(VariableHide.DONT_HIDE)
