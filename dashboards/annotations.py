"""What happened when, drawn into every panel: reloads, what operators hold, open breakers."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard, elasticsearch, prometheus
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import AnnotationQuery

from dashboards.queries.asking import FLEET
from dashboards.queries.documents import events
from dashboards.sources import LOGS, PROMETHEUS
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import rule_metrics as r
from sidecar.telemetry.promql import Scope, highest, now, total

#: Events that say in a sentence what the marks of this page only show.
_IN_WORDS: Final = (
    "sidecar.reload",
    "sidecar.file",
    "sidecar.control",
    "sidecar.breaker",
    "sidecar.overload",
    "sidecar.endpoint",
    "sidecar.backend",
)


def reloads(scope: Scope = FLEET) -> dashboard.AnnotationQuery:
    """A mark where changed rules went live: the value is the time, in milliseconds for Grafana."""
    expression = f"{highest(now(scope(c.RELOAD_TIME)), ('service',))} * 1000"
    mark = _of_metrics("Rules went live", "blue", expression)
    return mark.use_value_for_time(True).title_format("Rules went live").text_format("{{service}}")


def controls(scope: Scope = FLEET) -> dashboard.AnnotationQuery:
    """A region while an operator holds something: an override, a switch, a breaker."""
    held = total(now(scope(c.CONTROLS)), ("service", "control"))
    mark = _of_metrics("Held by hand", "purple", f"{held} > 0")
    return mark.title_format("Held by hand: {{control}}").text_format("{{service}}")


def open_breakers(scope: Scope = FLEET) -> dashboard.AnnotationQuery:
    """A region from the moment that a breaker opens until it probes."""
    state = scope(r.BREAKER_STATE, state="open", mode="enforce")
    mark = _of_metrics("Breaker open", "red", f"{highest(now(state), ('service', 'rule'))} == 1")
    return mark.title_format("Breaker open: {{rule}}").text_format("{{service}}")


def in_words() -> dashboard.AnnotationQuery:
    """The same and more as the sidecars have written it. Switched off: not everybody has logs."""
    target = elasticsearch.Dataquery().query(events(_IN_WORDS)).time_field("@timestamp")
    target.metrics([elasticsearch.Logs().id("1")]).bucket_aggs([]).ref_id("A")
    mark = _WithText("body.text").name("In words").datasource(LOGS).icon_color("yellow")
    return mark.target(target).enable(False)


def grafanas_own() -> dashboard.AnnotationQuery:
    """Marks that people make by hand, and alerts."""
    mark = dashboard.AnnotationQuery().name("Annotations & Alerts").built_in(1).type("dashboard")
    mark.datasource(DataSourceRef(type_val="grafana", uid="-- Grafana --")).enable(True)
    return mark.icon_color("rgba(0, 211, 255, 1)").hide(True)


def all_of_them(scope: Scope = FLEET) -> list[dashboard.AnnotationQuery]:
    """Those that each dashboard has."""
    return [
        grafanas_own(), reloads(scope), controls(scope), open_breakers(scope), in_words(),
    ]  # fmt: skip


class _Worded(AnnotationQuery):
    """One that says in which field of a document its text is; only Elasticsearch has such."""

    text_field = ""

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "textField": self.text_field}


class _WithText(dashboard.AnnotationQuery):
    def __init__(self, field: str) -> None:
        super().__init__()
        self._internal = _Worded()
        self._internal.text_field = field


def _of_metrics(name: str, colour: str, expression: str) -> dashboard.AnnotationQuery:
    target = prometheus.Dataquery().expr(expression).ref_id("A").range()
    mark = dashboard.AnnotationQuery().name(name).datasource(PROMETHEUS).enable(True)
    return mark.icon_color(colour).expr(expression).step("10s").target(target)
