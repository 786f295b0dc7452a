"""Governance, the rows about rules as such: all of them, those in shadow, and operators' hands."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.governance_row import filled_row, hottest
from dashboards.queries import decisions, documents, gates, rules, saturation
from dashboards.queries.asking import BY_RULE, FLEET, as_table, over_time
from dashboards.tables import Column, columns, largest_first
from sidecar.telemetry import catalogue as c

_RULE_LINE: Final = "{{service}} {{kind}}/{{rule}}"
_RATE: Final = units.RequestsPerSecond
_RULE: Final = {
    "service": Column("Service", links=(links.service_of_cell(),), width=120),
    "kind": Column("Kind", width=110),
    "rule": Column("Rule", links=(links.rule_of_row(),), width=160),
    "mode": Column("Mode", words=(looks.MODE,), width=90),
    "mode_by": Column("Mode by", words=(looks.MODE_BY,), width=90),
}
_WHERE: Final = {
    "source": Column("Where"),
    "owner": Column("Owner", width=120),
    "why": Column("Why"),
}


def _every() -> table.Panel:
    panel = panels.rows(
        "Rules in force",
        "Every rule, with its line in the file and why it is there. `Mode by` says whether its "
        "mode is the file's, an operator's override, or follows from its `active` window. No "
        "decisions at all where there should be some: its `match` fits nothing; `sidecar explain "
        "FILE --request …` says why.",
        units.NoUnit,
        as_table(decisions.what_they_are(BY_RULE)),
        as_table(decisions.made_in_any_mode(BY_RULE)),
        as_table(decisions.refused_in_any_mode(BY_RULE)),
    )
    shown = {
        **_RULE,
        "Value #B": Column("Decisions", unit=_RATE, decimals=1, width=110),
        "Value #C": Column("Refused", unit=_RATE, decimals=1, width=110),
        **_WHERE,
    }
    return columns(panel, shown).sort_by(largest_first("Refused")).height(10)


# --- shadow


def _would() -> timeseries.Panel:
    panel = panels.lines(
        "Shadow: what would be done",
        "By rules that only count. Compare it with what you meant the rule to do before `mode: "
        "enforce`: `refused` are users that would be turned away.",
        _RATE,
        over_time(decisions.would_act(BY_RULE), f"{_RULE_LINE}: {{{{outcome}}}}"),
    )
    return panel.min(0).data_links([links.rule_of_series()]).no_value("nothing")


def _share() -> timeseries.Panel:
    panel = panels.lines(
        "Shadow: share that would be refused",
        "Of the requests that the rule is asked about. A few per cent are its purpose; much more "
        "and the limit is too low for what is normal.",
        units.PercentUnit,
        over_time(decisions.would_refuse_share(BY_RULE), _RULE_LINE),
    )
    panel.thresholds(looks.the_more_the_worse(0.05, 0.25)).thresholds_style(looks.drawn())
    return panel.min(0).max(1).no_value("no shadow rules")


def _beside() -> timeseries.Panel:
    panel = panels.lines(
        "Shadow beside what is enforced",
        "What rules refuse now, and what they would if those in shadow mode acted as well. The "
        "distance is what users would notice.",
        _RATE,
        over_time(rules.refused(BY_RULE, ("service",)), "{{service}} refused"),
        over_time(decisions.would_refuse(BY_RULE, ("service",)), "{{service}} would be refused"),
    )
    return panel.min(0)


def _whom() -> table.Panel:
    query = documents.both(documents.in_mode("shadow"), documents.of_rules())
    return hottest(
        "Shadow: whom it would be",
        "Those that rules in shadow mode would refuse most often. If these are the callers that "
        "you had in mind, enforce the rule.",
        documents.decisions(documents.refused(), query),
    )


SHADOW: Final = Row(
    "Shadow: what rules would do if they acted",
    (_would().span(8), _share().span(8), _beside().span(8), _whom().span(24)),
)
EVERY: Final = Row("Which line of which file?", (_every(),))


# --- what operators hold, and how rules went live


def _held() -> statetimeline.Panel:
    panel = panels.states(
        "Held by hand, by what",
        "Purple: overrides, switches or breakers that an operator has set. They end by "
        "themselves; `sidecar status` says who, why, and for how much longer.",
        units.Short,
        over_time(rules.held(FLEET), "{{service}} {{control}}"),
    )
    panel.thresholds(looks.thresholds(looks.NOTHING, {1: looks.BY_HAND}))
    return panel.color_scheme(looks.by_threshold())


def _not_as_written() -> table.Panel:
    panel = panels.rows(
        "Rules that are not as their file says",
        "Because of an operator's override, or because they rest outside of their window. What "
        "should hold for good belongs in the file.",
        units.NoUnit,
        as_table(decisions.not_as_written(BY_RULE)),
    )
    return columns(panel, {**_RULE, **_WHERE}).no_value("none").span(24).height(6)


def _in_force() -> statetimeline.Panel:
    panel = panels.states(
        "Rule files in force",
        "Red: the file as it stands has a mistake, and the rules from before hold. `sidecar check "
        "FILE` shows it with its line; nothing has to be restarted.",
        units.NoUnit,
        over_time(rules.in_force(FLEET), "{{service}}"),
    )
    return panel.mappings([looks.RULE_FILE]).data_links([links.traces_of_series()])


def _reloads() -> timeseries.Panel:
    panel = panels.lines(
        "Reloads",
        "`failure`: somebody has pushed a file that cannot be used. `success` again and again: "
        "who writes the file all the time?",
        units.OpsPerSecond,
        over_time(
            gates.happened(c.RELOADS, FLEET, ("service", "result")), "{{service}} {{result}}"
        ),
        over_time(
            gates.happened(c.FILE_RELOADS, FLEET, ("service", "result")),
            "{{service}} lists and other files: {{result}}",
        ),
    )
    return panel.min(0).no_value("none")


def _files() -> timeseries.Panel:
    panel = panels.lines(
        "Files that cannot be used",
        "Lists and other files that rules name, whose content from before holds. The event "
        "`sidecar.file` in the log says which, and what is wrong.",
        units.Short,
        over_time(rules.files_refused(FLEET), "{{service}}"),
    )
    return panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD})).min(0)


def _versions() -> table.Panel:
    panel = panels.rows(
        "Rule sets by instance",
        "Instances of one service with different versions: one of them did not get the new file, "
        "or refused it. Look at the age: it is the one that is older.",
        units.NoUnit,
        as_table(saturation.rules_running(FLEET)),
        as_table(rules.since_reload(FLEET)),
    )
    shown = {
        "service": Column("Service", links=(links.service_of_cell(),)),
        "instance": Column("Instance"),
        "version": Column("Version of the rules"),
        "Value #B": Column("In force for", unit=units.Seconds, decimals=0),
    }
    return columns(panel, shown)


HANDS: Final = Row(
    "Operators and rule files",
    (
        *filled_row("", (_held(), _in_force(), _reloads())).panels,
        _not_as_written(), _files().span(8), _versions().span(16),
    ),
)  # fmt: skip
