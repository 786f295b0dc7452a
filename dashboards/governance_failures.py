"""Governance, the rows of rules about upstreams that fail: breakers, retries, fallbacks."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.models import units

from dashboards import looks, panels
from dashboards.board import COLUMNS, Row
from dashboards.governance_row import LINE, LINE_MODE, TRACES, acting, refusing
from dashboards.queries import gates, rules
from dashboards.queries.asking import BY_RULE, FLEET, over_time
from sidecar.telemetry import rule_metrics as r

# --- the breakers


def _timeline() -> statetimeline.Panel:
    panel = panels.states(
        "Breakers: open, probing, closed",
        "Red: nothing goes to the upstream, because it failed or was slow. Look there first. It "
        "closes by itself when its probes are answered well; red and orange in turn: the upstream "
        "is well for single requests and fails under load.",
        units.NoUnit,
        over_time(rules.breakers(BY_RULE), LINE),
    )
    return panel.mappings([looks.BREAKER]).data_links(TRACES)


def _errors() -> timeseries.Panel:
    panel = panels.lines(
        "Breakers: share of errors",
        "As the breaker counts them; it opens at its `open_when.error_ratio` (the line that is "
        "named in the table of rules). Close below it for long: users see these errors.",
        units.PercentUnit,
        over_time(gates.largest(r.BREAKER_ERROR_RATIO, BY_RULE), LINE_MODE),
    )
    panel.thresholds(looks.the_more_the_worse(0.1, 0.5)).thresholds_style(looks.drawn())
    return panel.min(0).max(1)


def _slow() -> timeseries.Panel:
    panel = panels.lines(
        "Breakers: share of slow requests",
        "Those that took longer than its `slower_than`. It rises before errors do: the "
        "upstream is near its end. Does it wait for something itself?",
        units.PercentUnit,
        over_time(gates.largest(r.BREAKER_SLOW_RATIO, BY_RULE), LINE_MODE),
    )
    panel.thresholds(looks.the_more_the_worse(0.1, 0.5)).thresholds_style(looks.drawn())
    return panel.min(0).max(1)


def _probe() -> timeseries.Panel:
    panel = panels.lines(
        "Breakers: time until the next probe",
        "How long nothing is sent there yet. The upstream is well again and you cannot wait: "
        "`sidecar breaker NAME closed --for 1m`. It grows with each opening in a row.",
        units.Seconds,
        over_time(gates.time_to_probe(BY_RULE), LINE_MODE),
    )
    return panel.min(0).no_value("none is open")


def _openings() -> timeseries.Panel:
    panel = panels.lines(
        "Breakers: openings",
        "How often a second they open. Again and again: the upstream takes single probes, and "
        "fails when all requests come back.",
        units.OpsPerSecond,
        over_time(gates.happened(r.BREAKER_OPENINGS, BY_RULE), LINE_MODE),
    )
    return panel.min(0).no_value("none")


def _forced() -> statetimeline.Panel:
    panel = panels.states(
        "Breakers: held by hand",
        "Purple: an operator keeps it open or closed, whatever the upstream does. `sidecar status` "
        "says who and why; `sidecar breaker NAME auto` gives it back.",
        units.NoUnit,
        over_time(gates.largest(r.BREAKER_FORCED, BY_RULE), LINE_MODE),
    )
    return panel.mappings([looks.HELD])


# --- retries


def _results() -> timeseries.Panel:
    return panels.stacked(
        "Retries: how retried requests end",
        "`success`: users noticed nothing. `failure`: the retry was in vain, and only made load.",
        units.RequestsPerSecond,
        over_time(
            gates.happened(r.RETRY_RESULTS, BY_RULE, (*gates.ONE, "result")),
            f"{LINE_MODE}: {{{{result}}}}",
        ),
    ).no_value("none")


def _in_vain() -> timeseries.Panel:
    panel = panels.lines(
        "Retries: share in vain",
        "Near 1, trying again helps nothing: the upstream is down, not flaky. A breaker stops "
        "that; is there one for it?",
        units.PercentUnit,
        over_time(gates.retried_in_vain(BY_RULE), LINE_MODE),
    )
    panel.thresholds(looks.the_more_the_worse(0.5, 0.9)).thresholds_style(looks.drawn())
    return panel.min(0).max(1).no_value("none")


def _skipped() -> timeseries.Panel:
    panel = panels.stacked(
        "Retries: left out",
        "`budget_exhausted`: so much fails that retries would only add to it. Others: too little "
        "time was left, or the body was too long to be kept. Users see these failures.",
        units.RequestsPerSecond,
        over_time(
            gates.happened(r.RETRIES_SKIPPED, BY_RULE, (*gates.ONE, "reason")),
            f"{LINE_MODE}: {{{{reason}}}}",
        ),
    )
    return panel.no_value("none")


def _why() -> timeseries.Panel:
    return panels.stacked(
        "Retries: why, by upstream",
        "Why the attempt before failed. The upstream with most of them is the one to look at.",
        units.RequestsPerSecond,
        over_time(gates.retries(FLEET), "{{service}} → {{upstream}}: {{reason}}"),
    ).no_value("none")


# --- fallbacks


def _steps() -> timeseries.Panel:
    panel = panels.stacked(
        "Fallbacks: answers by step",
        "What users get in place of the real thing. `none`: no step could help, and they got the "
        "failure. What it stands in for is what is broken.",
        units.RequestsPerSecond,
        over_time(rules.degraded(BY_RULE), f"{LINE}: {{{{step}}}}"),
    )
    return panel.data_links(TRACES).no_value("none")


def _trials() -> timeseries.Panel:
    return panels.stacked(
        "Fallbacks: trials",
        "Steps tried beside real answers (`exercise`), so that one that does not work is found "
        "before it is needed. `failure`: repair that step now, while nobody needs it.",
        units.RequestsPerSecond,
        over_time(
            gates.happened(r.FALLBACK_TRIALS, BY_RULE, (*gates.ONE, "result")),
            f"{LINE_MODE}: {{{{result}}}}",
        ),
    ).no_value("none")


def _breakers() -> Row:
    row = refusing(
        "breakers",
        "Breakers",
        "Refused at once because the upstream fails. That spares users the wait, and the upstream "
        "the load: the upstream is what to repair.",
        _errors(),
        _slow(),
        _probe(),
        _openings(),
        _forced(),
    )
    return row._replace(panels=(_timeline().span(COLUMNS), *row.panels))


ROWS: Final[dict[str, Row]] = {
    "breakers": _breakers(),
    "retries": acting(
        "retries",
        "Retries",
        "Attempts that were made again. They hide failures from users and add load: many of them "
        "are the first sign of an upstream in trouble.",
        _results(),
        _in_vain(),
        _skipped(),
        _why(),
    ),
    "fallbacks": acting(
        "fallbacks",
        "Fallbacks",
        "Answers that are not the real thing. Users get something: find out what is broken behind "
        "it before it gets worse.",
        _steps(),
        _trials(),
    ),
}
