"""Fleet overview, the third row: which rule it is."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import rules
from dashboards.queries.asking import FLEET, over_time


def _refused() -> timeseries.Panel:
    panel = panels.lines(
        "Who refuses",
        "The ten rules that refuse most. Ask of each whether it should: a limit that is too low "
        "is put into shadow mode by `sidecar override KIND/NAME --mode shadow --for 10m`. Click a "
        "line for the rule.",
        units.RequestsPerSecond,
        over_time(rules.most_refused(FLEET), "{{service}} {{kind}}/{{rule}}"),
    )
    return panel.data_links([links.rule_of_series()]).min(0)


def _breakers() -> statetimeline.Panel:
    panel = panels.states(
        "Breakers",
        "Red: nothing goes to that upstream because it fails. Look there first; the breaker "
        "closes by itself when the upstream is well again.",
        units.NoUnit,
        over_time(rules.breakers(FLEET), "{{service}} {{rule}}"),
    )
    return panel.mappings([looks.BREAKER]).data_links([links.rule_of_series()])


def _degraded() -> timeseries.Panel:
    panel = panels.stacked(
        "Answers by fallbacks",
        "Users get something, but not the real thing. `none` got nothing: no step of the fallback "
        "could help. What the fallback stands in for is what is broken.",
        units.RequestsPerSecond,
        over_time(rules.degraded(FLEET), "{{service}} {{rule}}: {{step}}"),
    )
    return panel.data_links([links.rule_of_series()]).span(8)


def _shedding() -> timeseries.Panel:
    panel = panels.lines(
        "Shed for overload, by priority",
        "`low` goes first, `critical` never. It ends with more instances or CPU, or when "
        "something is turned off with a switch.",
        units.PercentUnit,
        over_time(rules.shedding(FLEET), "{{service}} {{priority}}"),
    )
    return panel.data_links([links.service_of_series()]).min(0).max(1).span(8)


def _held() -> statetimeline.Panel:
    panel = panels.states(
        "Held by hand",
        "Purple: an operator has taken something out of the rule file's hands. `sidecar override`, "
        "`switch` and `breaker` show what, until when and why; lift what is no longer needed.",
        units.Short,
        over_time(rules.held(FLEET), "{{service}} {{control}}"),
    )
    panel.thresholds(looks.thresholds(looks.NOTHING, {1: looks.BY_HAND}))
    return panel.color_scheme(looks.by_threshold()).span(8)


def _in_force() -> statetimeline.Panel:
    panel = panels.states(
        "Rule files",
        "Red: the file has a mistake, and the rules from before are in force. `sidecar check FILE` "
        "shows it with its line; the next file that is right is taken by itself.",
        units.NoUnit,
        over_time(rules.in_force(FLEET), "{{service}}"),
    )
    return panel.mappings([looks.RULE_FILE]).data_links([links.service_of_series()])


def _files() -> statetimeline.Panel:
    panel = panels.states(
        "Lists and other files of the rules",
        "Red: so many files cannot be used, and their content from before is in force. The event "
        "`sidecar.file` in the log says which, and what is wrong with it.",
        units.Short,
        over_time(rules.files_refused(FLEET), "{{service}}"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD}))
    return panel.color_scheme(looks.by_threshold())


ROW: Final = Row(
    "Which rule is it?",
    (_refused(), _breakers(), _degraded(), _shedding(), _held(), _in_force(), _files()),
)
