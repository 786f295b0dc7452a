"""Governance, the first row: what is refused right now, by which rule, and for whom."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.governance_row import hottest
from dashboards.queries import decisions, documents, rules
from dashboards.queries.asking import BY_RULE, as_table, over_time
from dashboards.tables import Column, columns, largest_first
from sidecar.telemetry import attributes as a

_RULE_LINE: Final = "{{service}} {{kind}}/{{rule}}"
_RATE: Final = units.RequestsPerSecond


def _refused() -> stat.Panel:
    panel = panels.number(
        "Refused",
        "The share of all requests that a rule turns away, of clients and of the service itself. "
        "The table below says which rule, the one beside it whom. Overload, limits and breakers "
        "protect the rest: ask whether it is meant to be so much.",
        units.PercentUnit,
        over_time(decisions.refused_of_all(BY_RULE), "refused"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.01, 0.1)).decimals(2)


def _refusing() -> stat.Panel:
    panel = panels.number(
        "Rules that refuse",
        "How many rules turn requests away at the moment. One: look at its line in the file. "
        "Many at once: something that they have in common, most often an upstream or the load.",
        units.Short,
        over_time(decisions.refusing_rules(BY_RULE), "rules"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.DOUBTFUL}))
    return panel.no_value("none").decimals(0)


def _open() -> stat.Panel:
    panel = panels.number(
        "Breakers open",
        "At how many instances a breaker lets nothing through. Look at the upstream: it fails or "
        "is slow. The row of breakers says since when.",
        units.Short,
        over_time(rules.open_breakers(BY_RULE), "open"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD}))
    return panel.no_value("no breakers").decimals(0)


def _degraded() -> stat.Panel:
    panel = panels.number(
        "Answered by fallbacks",
        "The share of all requests whose answer is not the real thing. Users get something; what "
        "it stands in for is broken. The row of fallbacks says which.",
        units.PercentUnit,
        over_time(decisions.degraded_of_all(BY_RULE), "degraded"),
    )
    panel.thresholds(looks.the_more_the_worse(0.001, 0.1))
    return panel.decimals(2).no_value("no fallbacks")


def _would() -> stat.Panel:
    panel = panels.number(
        "Shadow rules would refuse",
        "The share of all requests that rules in shadow mode would turn away if they acted: "
        "nobody is refused by them. Before one is enforced, this has to be what you expect.",
        units.PercentUnit,
        over_time(decisions.would_be_refused_of_all(BY_RULE), "would refuse"),
    )
    panel.thresholds(looks.thresholds(looks.PLAIN, {0.1: looks.DOUBTFUL}))
    return panel.decimals(2).no_value("no shadow rules")


def _held() -> stat.Panel:
    panel = panels.number(
        "Held by hand",
        "How much operators have taken out of the rule files' hands: overrides, switches, "
        "breakers. `sidecar status` says who and why; lift what is no longer needed.",
        units.Short,
        over_time(rules.held_in_all(BY_RULE), "held"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BY_HAND}))
    return panel.decimals(0)


def _by_rule() -> timeseries.Panel:
    panel = panels.stacked(
        "Refused, by rule",
        "The ten rules that refuse most. Click one for its own rows below; its line in the file, "
        "its owner and why it is there stand in the table.",
        _RATE,
        over_time(rules.most_refused(BY_RULE), _RULE_LINE),
    )
    panel.data_links([links.rule_of_series(), links.traces_of_series()])
    return panel.no_value("nobody is refused")


def _whom() -> table.Panel:
    query = documents.both(documents.in_mode("enforce"), documents.of_rules())
    return hottest(
        "Refused, by whom",
        "The callers that are refused most often, by rules that tell callers apart. One far above "
        "all others: one greedy caller, and the others are served.",
        documents.decisions(documents.refused(), query),
    ).span(12)


def _by_route() -> timeseries.Panel:
    route = documents.field(a.ROUTE)
    query = documents.both(documents.in_mode("enforce"), documents.of_rules())
    panel = panels.courses(
        "Refused, by route",
        "Decisions in each step of the time shown, as the log has them. One route only: what "
        "does it need that others do not? All of them: the service as a whole has too much to do.",
        units.Short,
        documents.counted_over_time(
            documents.decisions(documents.refused(), query), (documents.SERVICE, route)
        ),
    )
    return panel.no_value("nobody is refused").min(0)


def _which() -> table.Panel:
    panel = panels.rows(
        "Which rules refuse",
        "`Where` is the line of the rule file that decided, `Why` what its author says. If it "
        "should not refuse: ask the owner, or let it only count for a while: `sidecar override "
        "KIND/NAME --mode shadow --for 10m --why …`.",
        units.NoUnit,
        as_table(decisions.refusing(BY_RULE)),
        as_table(decisions.refusing(BY_RULE, decisions.refused_share(BY_RULE))),
    )
    shown = {
        "service": Column("Service", links=(links.service_of_cell(),), width=120),
        "kind": Column("Kind", width=110),
        "rule": Column("Rule", links=(links.rule_of_row(),), width=160),
        "Value #A": Column("Refused", unit=_RATE, decimals=1, width=110),
        "Value #B": Column(
            "Share", unit=units.PercentUnit, thresholds=looks.the_more_the_worse(0.1, 0.5),
            decimals=1, width=90,
        ),
        "mode_by": Column("Mode by", words=(looks.MODE_BY,), width=90),
        "source": Column("Where"),
        "owner": Column("Owner", width=120),
        "why": Column("Why"),
    }  # fmt: skip
    panel = columns(panel, shown).sort_by(largest_first("Refused"))
    return panel.no_value("nobody is refused").height(6)


ROW: Final = Row(
    "What is refused right now, by which rule, and for whom?",
    (
        _refused(), _refusing(), _open(), _degraded(), _would(), _held(),
        _which(), _by_rule(), _whom(), _by_route().span(24).height(6),
    ),
)  # fmt: skip
