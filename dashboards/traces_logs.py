"""Traces and logs, two rows: what rules decided about whom, and what was written."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import logs, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import panels
from dashboards.board import Row
from dashboards.governance_row import WHO
from dashboards.queries import documents
from dashboards.tables import Column, columns, largest_first
from sidecar.telemetry import attributes as a

_KIND: Final = documents.field(a.RULE_KIND)
_RULE: Final = documents.field(a.RULE_NAME)
_MODE: Final = documents.field(a.RULE_MODE)
_OUTCOME: Final = documents.field(a.OUTCOME)
_SOURCE: Final = documents.field(a.RULE_SOURCE)
_KEY: Final = documents.field(a.KEY_HASH)
_CHOSEN: Final = documents.decisions(documents.of_rules(), documents.with_words())
#: All but requests and decisions: what happens to sidecars themselves.
_TO_SIDECARS: Final = tuple(
    one.name for one in a.EVENTS if one.name not in {a.REQUEST.name, a.DECISION.name}
)


def _over_time() -> timeseries.Panel:
    return panels.courses(
        "Decisions, by rule",
        "Refusals, what shadow rules would have refused, and answers by fallbacks, in each step "
        "of the time shown. Which rule began when the trouble began?",
        units.Short,
        documents.counted_over_time(_CHOSEN, (documents.SERVICE, _KIND, _RULE)),
    ).min(0).no_value("none")  # fmt: skip


def _by_rule() -> table.Panel:
    panel = panels.found(
        "Decisions, by line",
        "Which line of which file decided how often. In mode `shadow` nobody was refused.",
        units.NoUnit,
        documents.counted_by(_CHOSEN, (_KIND, _RULE, _MODE, _OUTCOME, _SOURCE), 20),
    )
    shown = {
        _KIND: Column("Kind", width=110),
        _RULE: Column("Rule"),
        _MODE: Column("Mode", width=80),
        _OUTCOME: Column("Outcome", width=80),
        _SOURCE: Column("Where"),
        "Count": Column("Times", unit=units.Short, decimals=0, width=80),
    }
    panel = columns(panel, shown).sort_by(largest_first("Times"))
    return panel.span(12).no_value("none")


def _by_key() -> timeseries.Panel:
    return panels.courses(
        "Decisions, by key",
        f"One line far above the others is one greedy caller; put its hash into `search`. {WHO}",
        units.Short,
        documents.counted_over_time(
            documents.both(_CHOSEN, documents.with_key()), (_RULE, _KEY), 5
        ),
    ).span(24).height(6).min(0).no_value("none")  # fmt: skip


def _decisions() -> logs.Panel:
    return panels.records(
        "Decisions",
        "The newest ones, each with its rule, its line, the numbers that it was made by, and its "
        "trace. Narrow it down with `kind`, `rule` and `search`.",
        documents.newest(_CHOSEN),
    )


DECISIONS: Final = Row(
    "What did rules decide, about whom?",
    (_over_time().span(12), _by_rule(), _by_key(), _decisions()),
)


def _events() -> logs.Panel:
    return panels.records(
        "What happened to sidecars",
        "Reloads, breakers, endpoints, overload, backends, and what operators did. The first line "
        "of the trouble is often here: a reload just before it began?",
        documents.newest(
            documents.both(documents.events(_TO_SIDECARS), documents.TOLD, documents.with_words())
        ),
    ).span(12)  # fmt: skip


def _requests() -> logs.Panel:
    return panels.records(
        "Requests that failed",
        "With route, status, reason and trace. Open a line and click its trace id: the waterfall "
        "says who failed.",
        documents.newest(documents.requests()),
    ).span(12)  # fmt: skip


def _by_severity() -> timeseries.Panel:
    return panels.courses(
        "The services' own lines, by severity",
        "What services print, where `logs.application` is on. `ERROR` from one service only: read "
        "its lines below, they are the author's own words.",
        units.Short,
        documents.counted_over_time(documents.printed(), (documents.SERVICE, "severity_text")),
    ).span(24).height(6).min(0).no_value("none")  # fmt: skip


def _printed() -> logs.Panel:
    return panels.records(
        "What services say",
        "Their own lines, newest first. Those that carry a trace id lead to its waterfall.",
        documents.newest(documents.printed()),
    )


WRITTEN: Final = Row(
    "What was written?", (_events(), _requests(), _by_severity(), _printed())
)  # fmt: skip
