from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.dashboards.generated import (
    BOARDS,
    Json,
    board,
    is_prometheus,
    panels,
    targets,
    variables,
)
from tests.dashboards.linter import RULES

Spoil = Callable[[Json], None]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", BOARDS)
def test_every_dashboard_keeps_every_rule(name: str, rule: str) -> None:
    assert list(RULES[rule](board(name))) == []


# --- each rule finds what it is there for


def _variable(name: str, **changed: object) -> Spoil:
    def spoil(whole: Json) -> None:
        next(one for one in variables(whole) if one["name"] == name).update(changed)

    return spoil


def _without_variable(name: str) -> Spoil:
    def spoil(whole: Json) -> None:
        whole["templating"]["list"] = [one for one in variables(whole) if one["name"] != name]

    return spoil


def _panel(**changed: object) -> Spoil:
    return lambda whole: first(whole).update(changed)


def first(whole: Json) -> Json:
    return next(one for one in panels(whole) if is_prometheus(one))


def _asked(old: str, new: str) -> Spoil:
    """In every query; there has to be one with ``old`` in it."""

    def spoil(whole: Json) -> None:
        asked = [one for panel in panels(whole) for one in targets(panel) if "expr" in one]
        assert any(old in one["expr"] for one in asked)
        for one in asked:
            one["expr"] = one["expr"].replace(old, new)

    return spoil


def _first_asks(expression: str) -> Spoil:
    def spoil(whole: Json) -> None:
        targets(first(whole))[0]["expr"] = expression

    return spoil


_SELECTED: Final = '{job=~"$job",instance=~"$instance"}'
_UNIT: Final = {"defaults": {"unit": "bananas"}, "overrides": []}
_OVERRIDDEN: Final = {
    "defaults": {"unit": "s"},
    "overrides": [{"properties": [{"id": "unit", "value": "bananas"}]}],
}

SPOILT: Final[list[tuple[str, Spoil]]] = [
    ("template-datasource-rule", _without_variable("datasource")),
    ("template-datasource-rule", _variable("datasource", label="Source")),
    ("template-job-rule", _without_variable("job")),
    ("template-job-rule", _variable("job", multi=False)),
    ("template-instance-rule", _variable("instance", allValue=".*")),
    ("template-label-promql-rule", _variable("service", query="label_values(a{, b)")),
    ("template-label-promql-rule", _variable("service", query="metrics")),
    ("template-on-time-change-reload-rule", _variable("service", refresh=1)),
    ("panel-datasource-rule", _panel(datasource={"type": "prometheus", "uid": "abc"})),
    ("panel-datasource-rule", _without_variable("datasource")),
    ("panel-title-description-rule", _panel(description="")),
    ("panel-units-rule", _panel(fieldConfig=_UNIT)),
    ("panel-units-rule", _panel(fieldConfig=_OVERRIDDEN)),
    ("panel-no-targets-rule", _panel(targets=[])),
    ("target-promql-rule", _first_asks("sum(")),
    ("target-rate-interval-rule", _asked("$__rate_interval", "5m")),
    ("target-rate-interval-rule", _asked("$__rate_interval", "$__range")),
    ("target-job-rule", _asked('job=~"$job",', "")),
    ("target-instance-rule", _asked('instance=~"$instance"', 'instance="$instance"')),
    ("target-counter-agg-rule", _first_asks(f"sum(sidecar_decisions_total{_SELECTED})")),
    ("uneditable-dashboard", lambda whole: whole.update(editable=True)),
    ("no-invented-zeros", _first_asks(f"up{_SELECTED} or vector(0)")),
    ("no-average-of-quantiles", _asked("max((histogram_quantile", "avg((histogram_quantile")),
    ("variables-exist", _without_variable("service")),
    ("variables-are-used", _asked("$over", "30d")),
    ("series-are-told-apart", lambda whole: targets(first(whole))[0].pop("legendFormat")),
]


@pytest.mark.parametrize("rule, spoil", SPOILT)
def test_a_dashboard_that_breaks_a_rule_is_found(rule: str, spoil: Spoil) -> None:
    whole = board("fleet.json")
    spoil(whole)
    assert list(RULES[rule](whole))


def test_every_rule_has_been_seen_to_find_something() -> None:
    assert {rule for rule, _ in SPOILT} == RULES.keys()
