"""What Grafana's dashboard-linter publishes as its rules, by their names; and some of our own.

Each rule takes a dashboard and says what is wrong with it. Where there are several data sources the
linter's own rule about their names asks for more than it should (its page says so): here only
Prometheus's has a name that is prescribed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from grafana_foundation_sdk.models import units

from dashboards.queries.alerts import ALERTS
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Kind
from tests.dashboards.generated import (
    BY_SECONDS,
    Found,
    Json,
    asked_of_prometheus,
    panels,
    parsed,
    selectors,
    targets,
    variables,
)

Rule: TypeAlias = Callable[[Json], Iterator[str]]

#: Grafana's unit ids, as its SDK has them from its source.
UNITS: Final = {value for name, value in vars(units).items() if name[:1].isupper()}
#: Panels that show words, not numbers.
WITHOUT_UNIT: Final = {"logs", "text", "traces"}
#: What has neither job nor instance, and why.
WITHOUT_JOB: Final = {ALERTS.name: "An alert is about a service, whichever of its sidecars."}
#: Where a window of its own is right: budgets are about hours and days, whatever the screen shows.
OWN_WINDOW: Final = {"sidecar_slo_requests_total"}
_RATES: Final = {"rate", "irate", "increase"}
_COUNTERS: Final = {one.name for one in METRICS if one.kind is Kind.COUNTER} | {
    f"{one.name}{suffix}"
    for one in METRICS
    if one.kind is Kind.HISTOGRAM
    for suffix in ("_bucket", "_count", "_sum")
}
_VARIABLE: Final = re.compile(r"\$\{?([a-z]\w*)")


def template_datasource_rule(whole: Json) -> Iterator[str]:
    found = {one["name"]: one for one in variables(whole) if one["type"] == "datasource"}
    ours = found.get("datasource", {})
    if (ours.get("query"), ours.get("label")) != ("prometheus", "Data source"):
        yield "there is no variable `datasource` for Prometheus with the label `Data source`"


def _is_templated(whole: Json, name: str) -> bool:
    return any(
        one["type"] == "query"
        and (one["label"], one["multi"], one["allValue"]) == (name, True, ".+")
        and one["datasource"]["uid"] in {"$datasource", "${datasource}"}
        for one in variables(whole)
        if one["name"] == name
    )


def template_job_rule(whole: Json) -> Iterator[str]:
    if not _is_templated(whole, "job"):
        yield "there is no variable `job` with all as `.+`"


def template_instance_rule(whole: Json) -> Iterator[str]:
    if not _is_templated(whole, "instance"):
        yield "there is no variable `instance` with all as `.+`"


def template_label_promql_rule(whole: Json) -> Iterator[str]:
    for one in variables(whole):
        if one["type"] == "query" and one["datasource"]["type"] == "prometheus":
            question = re.fullmatch(r"label_values\((.+), (\w+)\)", one["query"])
            if question is None:
                yield f"{one['name']}: not a question for the values of a label"
            elif _is_no_query(question[1]):
                yield f"{one['name']}: {question[1]} is no query"


def template_on_time_change_reload_rule(whole: Json) -> Iterator[str]:
    for one in variables(whole):
        if one["type"] == "query" and one["refresh"] != 2:
            yield f"{one['name']} is not asked again when the time changes"


def panel_datasource_rule(whole: Json) -> Iterator[str]:
    known = {
        (one["query"], f"${{{one['name']}}}")
        for one in variables(whole)
        if one["type"] == "datasource"
    }
    for panel in panels(whole):
        for asked in (panel, *targets(panel)):
            source = asked.get("datasource", {})
            if (source.get("type"), source.get("uid")) not in known:
                yield f"{panel['title']}: {source} is no variable"


def panel_title_description_rule(whole: Json) -> Iterator[str]:
    for panel in panels(whole):
        if not panel.get("title") or not panel.get("description"):
            yield f"{panel.get('title')}: no title, or no description"


def panel_units_rule(whole: Json) -> Iterator[str]:
    for panel in panels(whole):
        if panel["type"] in WITHOUT_UNIT:
            continue
        fields = panel["fieldConfig"]
        said = [
            one["value"]
            for override in fields["overrides"]
            for one in override["properties"]
            if one["id"] == "unit"
        ]
        for unit in (fields["defaults"].get("unit"), *said):
            if unit not in UNITS:
                yield f"{panel['title']}: {unit!r} is no unit"


def panel_no_targets_rule(whole: Json) -> Iterator[str]:
    for panel in panels(whole):
        if panel["type"] != "text" and not targets(panel):
            yield f"{panel['title']} asks nothing"


def target_promql_rule(whole: Json) -> Iterator[str]:
    for where, expression in asked_of_prometheus(whole):
        if problem := _is_no_query(expression):
            yield f"{where}: {problem}"


def _is_no_query(expression: str) -> str:
    try:
        parsed(expression)
    except ValueError as problem:
        return f"{expression}: {problem}"
    return ""


def _found(whole: Json) -> Iterator[tuple[str, Found]]:
    for where, expression in asked_of_prometheus(whole):
        if not _is_no_query(expression):
            for one in selectors(parsed(expression)):
                yield where, one


def target_rate_interval_rule(whole: Json) -> Iterator[str]:
    for where, one in _found(whole):
        if len(one.around) < 2 or type(one.around[-1]).__name__ != "MatrixSelector":
            continue
        function = one.around[-2].func.name
        window = BY_SECONDS.get(int(one.around[-1].range.total_seconds()), "a window of its own")
        is_free = function == "increase" and one.name in OWN_WINDOW
        if function in _RATES and window != "$__rate_interval" and not is_free:
            yield f"{where}: {function} of {one.name} over {window}"


def _without_matcher(whole: Json, label: str) -> Iterator[str]:
    for where, one in _found(whole):
        if one.name not in WITHOUT_JOB and one.matchers.get(label) != ("=~", f"${label}"):
            yield f'{where}: {one.name} without {label}=~"${label}"'


def target_job_rule(whole: Json) -> Iterator[str]:
    yield from _without_matcher(whole, "job")


def target_instance_rule(whole: Json) -> Iterator[str]:
    yield from _without_matcher(whole, "instance")


def target_counter_agg_rule(whole: Json) -> Iterator[str]:
    for where, one in _found(whole):
        if one.name not in _COUNTERS:
            continue
        above = [type(node).__name__ for node in one.around[-2:]]
        if above != ["Call", "MatrixSelector"] or one.around[-2].func.name not in _RATES:
            yield f"{where}: {one.name} only grows, and neither rate nor increase is taken of it"


def uneditable_dashboard(whole: Json) -> Iterator[str]:
    if whole["editable"]:
        yield "it can be edited; what is edited is lost with the next provisioning"


# --- our own


def no_invented_zeros(whole: Json) -> Iterator[str]:
    for where, expression in asked_of_prometheus(whole):
        if "vector(" in expression:
            yield f"{where}: a zero that nobody has counted hides that nobody counts"


def no_average_of_quantiles(whole: Json) -> Iterator[str]:
    for where, one in _found(whole):
        names = [_word(node) for node in one.around]
        if "histogram_quantile" in names:
            outside = names[: names.index("histogram_quantile")]
            inside = names[names.index("histogram_quantile") :]
            if {"sum", "avg"} & set(outside) or "sum" not in inside:
                yield f"{where}: a quantile is taken of summed buckets, and never averaged"


def _word(node: object) -> str:
    function = getattr(node, "func", None)
    if function is not None:
        return str(function.name)
    return str(getattr(node, "op", ""))


def shared_by_name(whole: Json) -> Iterator[str]:
    known = {one["name"] for one in variables(whole)}
    asked = [expression for _, expression in asked_of_prometheus(whole)]
    asked += [target.get("query", "") for one in panels(whole) for target in targets(one)]
    for expression in asked:
        for name in _VARIABLE.findall(str(expression)):
            if not name.startswith("__") and name not in known:
                yield f"${name} is asked for, and cannot be chosen"


def what_can_be_chosen_is_used(whole: Json) -> Iterator[str]:
    text = json.dumps([whole["panels"], whole["annotations"], variables(whole)])
    for one in variables(whole):
        if not re.search(rf"\$\{{?{one['name']}\b(?!:queryparam)", text):
            yield f"${one['name']} can be chosen, and changes nothing"


def series_are_told_apart(whole: Json) -> Iterator[str]:
    for panel in panels(whole):
        legends = [
            target.get("legendFormat", target.get("alias"))
            for target in targets(panel)
            if panel["type"] in {"timeseries", "state-timeline", "bargauge", "stat"}
        ]
        if None in legends or len(set(legends)) < len(legends):
            yield f"{panel['title']}: two questions have one legend, or one has none: {legends}"


#: By the names that the linter has for them.
PUBLISHED: Final[dict[str, Rule]] = {
    "template-datasource-rule": template_datasource_rule,
    "template-job-rule": template_job_rule,
    "template-instance-rule": template_instance_rule,
    "template-label-promql-rule": template_label_promql_rule,
    "template-on-time-change-reload-rule": template_on_time_change_reload_rule,
    "panel-datasource-rule": panel_datasource_rule,
    "panel-title-description-rule": panel_title_description_rule,
    "panel-units-rule": panel_units_rule,
    "panel-no-targets-rule": panel_no_targets_rule,
    "target-promql-rule": target_promql_rule,
    "target-rate-interval-rule": target_rate_interval_rule,
    "target-job-rule": target_job_rule,
    "target-instance-rule": target_instance_rule,
    "target-counter-agg-rule": target_counter_agg_rule,
    "uneditable-dashboard": uneditable_dashboard,
}
OWN: Final[dict[str, Rule]] = {
    "no-invented-zeros": no_invented_zeros,
    "no-average-of-quantiles": no_average_of_quantiles,
    "variables-exist": shared_by_name,
    "variables-are-used": what_can_be_chosen_is_used,
    "series-are-told-apart": series_are_told_apart,
}
RULES: Final = {**PUBLISHED, **OWN}
