"""Fleet overview, the top row: whether users suffer."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import alerts, objectives, requests
from dashboards.queries.asking import FLEET, as_table, over_time, with_exemplars
from dashboards.tables import Column, columns

_SERVICE: Final = ("service",)


def _good() -> stat.Panel:
    panel = panels.number(
        "Good requests",
        "The share of requests that the objectives of all services call good. When it falls, the "
        "lines below say for which service: open it.",
        units.PercentUnit,
        over_time(objectives.good_share_of_all(FLEET), "good"),
    )
    panel.thresholds(looks.the_less_the_worse(0.999, 0.99)).no_value("no objectives")
    return panel.decimals(2).max(1)


def _burn() -> stat.Panel:
    panel = panels.number(
        "Fastest burning budget",
        "How many times faster than it may the worst objective uses up its budget. At 1 it lasts "
        "just long enough; at 14 a month's budget is gone in two days: act now. The lines below "
        "say which objective it is.",
        units.Short,
        over_time(objectives.worst_burn(FLEET), "burn"),
    )
    panel.thresholds(looks.the_more_the_worse(1, 14.4)).no_value("no objectives")
    return panel.decimals(1)


def _errors() -> stat.Panel:
    panel = panels.number(
        "Errors",
        "The share of answers that are a 5xx or broke off. A 4xx is none, and so is a 429 of ours. "
        "A refusal by an open breaker is one: it is a 503. Look below which service it is.",
        units.PercentUnit,
        over_time(requests.error_share(FLEET), "errors"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.001, 0.01)).decimals(2)


def _slowest() -> stat.Panel:
    panel = panels.number(
        "Slowest 1 %, worst service",
        "What one in a hundred requests takes longer than, at the service where that is longest. "
        "Look below which one it is, and in its dashboard whether it waits for somebody else.",
        units.Seconds,
        over_time(requests.slowest(0.99, FLEET, _SERVICE), "p99"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.5, 2))


def _shed() -> stat.Panel:
    panel = panels.number(
        "Shed",
        "The share of requests that a limit, a bulkhead, a breaker or overload turned away so that "
        "others are served. That is protection, not failure: look in the row of rules which one "
        "does it, and whether it should.",
        units.PercentUnit,
        over_time(objectives.shed_share(FLEET), "shed"),
    )
    panel.thresholds(looks.the_more_the_worse(0.01, 0.1)).no_value("no objectives")
    return panel.decimals(2)


def _alerts() -> stat.Panel:
    panel = panels.number(
        "Alerts that fire",
        "Ours, in Prometheus: the list below has them, and the runbook a heading for each. Empty "
        "as long as the rules that `sidecar alerts` writes are not loaded.",
        units.Short,
        over_time(alerts.firing(), "firing"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD}))
    return panel.no_value("none").decimals(0)


def _burning() -> timeseries.Panel:
    panel = panels.lines(
        "Budget burn by objective",
        "Above 1 an objective will be missed if it goes on like this; the dashed lines are what "
        "is a ticket and what wakes somebody. Click a line for the service.",
        units.Short,
        over_time(objectives.burn(FLEET), "{{service}} {{slo}}"),
    )
    panel.thresholds(looks.the_more_the_worse(1, 14.4)).thresholds_style(looks.drawn())
    return panel.data_links([links.service_of_series()]).span(8).min(0)


def _failing() -> timeseries.Panel:
    panel = panels.lines(
        "Errors by service",
        "A service high up in the chain shows its own errors and those of whatever it calls: the "
        "lowest one that fails is where to look first. Click a line for the service.",
        units.PercentUnit,
        over_time(requests.error_share(FLEET, _SERVICE), "{{service}}"),
    )
    return panel.data_links([links.service_of_series(), links.traces_of_series()]).span(8).min(0)


def _slow() -> timeseries.Panel:
    panel = panels.lines(
        "Slowest 1 % by service",
        "A service that calls a slow one is slow as well: start with the one furthest down. Dots "
        "are single requests; click one for its trace.",
        units.Seconds,
        with_exemplars(requests.duration(0.99, FLEET, _SERVICE), "{{service}}"),
    )
    return panel.data_links([links.service_of_series(), links.traces_of_series()]).span(8).min(0)


def _firing() -> table.Panel:
    panel = panels.rows(
        "Which alerts fire",
        "Look up the name in the runbook; it says what to do first. A `page` is to be acted on "
        "now, a `ticket` on the next working day.",
        units.NoUnit,
        as_table(
            alerts.firing(("alertname", "severity", "service", "rule", "slo", "upstream")),
        ),
    )
    shown = {
        "severity": Column("Severity", width=110),
        "alertname": Column("Alert"),
        "service": Column("Service", links=(links.service_of_cell(),)),
        "rule": Column("Rule"),
        "slo": Column("Objective"),
        "upstream": Column("Upstream"),
    }
    return columns(panel, shown).no_value("none fires").height(8)


ROW: Final = Row(
    "Do users suffer?",
    (
        _good(), _burn(), _errors(), _slowest(), _shed(), _alerts(),
        _burning(), _failing(), _slow(), _firing(),
    ),
)  # fmt: skip
