"""Governance, the rows of rules that stand before the upstream: who comes in, and how many."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import looks, panels
from dashboards.board import Row
from dashboards.governance_row import LINE, LINE_MODE, hottest, refusing
from dashboards.queries import documents, gates
from dashboards.queries.asking import BY_RULE, over_time
from sidecar.telemetry import rule_metrics as r


def _hottest(kind: str, title: str, says: str) -> table.Panel:
    return hottest(title, says, documents.decisions(documents.refused(), documents.of_kind(kind)))


# --- limits


def _tracked() -> timeseries.Panel:
    return panels.lines(
        "Rate limits: keys that are remembered",
        "Users, addresses or whatever a limit tells apart. It grows up to `track_at_most`; when it "
        "stands there, look at the panel beside this one.",
        units.Short,
        over_time(gates.summed(r.RATE_LIMIT_TRACKED, BY_RULE), LINE_MODE),
    ).min(0)


def _forgotten() -> timeseries.Panel:
    panel = panels.lines(
        "Rate limits: keys forgotten too early",
        "For want of room, while they still mattered: who was forgotten begins with a full bucket. "
        "Somebody makes up keys, or `track_at_most` is too low: raise it.",
        units.OpsPerSecond,
        over_time(gates.happened(r.RATE_LIMIT_EVICTIONS, BY_RULE), LINE_MODE),
    )
    panel.thresholds(looks.the_more_the_worse(1, 100)).thresholds_style(looks.drawn())
    return panel.min(0).no_value("none")


def _waiting() -> timeseries.Panel:
    return panels.lines(
        "Rate limits: requests that wait for their turn",
        "With limits that pace (`algorithm: pace`). Always some: the limit is below what comes, "
        "and everybody waits up to `wait_at_most`.",
        units.Short,
        over_time(gates.summed(r.RATE_LIMIT_WAITING, BY_RULE), LINE_MODE),
    ).min(0)


# --- overload


def _shed() -> timeseries.Panel:
    panel = panels.lines(
        "Overload: share shed by priority",
        "At the instance where it is most. `low` goes first, `critical` never. Shed for long: give "
        "the service more instances or CPU, or turn something off with a switch.",
        units.PercentUnit,
        over_time(
            gates.largest(r.SHED_SHARE, BY_RULE, ("service", "rule", "priority")),
            f"{LINE}: {{{{priority}}}}",
        ),
    )
    panel.thresholds(looks.the_more_the_worse(0.01, 0.5)).thresholds_style(looks.drawn())
    return panel.min(0).max(1)


def _cpu() -> timeseries.Panel:
    panel = panels.lines(
        "Overload: CPU",
        "As the rule sees it, of what may be used; it sheds above its `cpu.shed_above`. High "
        "without many requests: something else on this host uses it.",
        units.PercentUnit,
        over_time(gates.largest(r.OVERLOAD_CPU, BY_RULE), LINE_MODE),
    )
    panel.thresholds(looks.the_more_the_worse(0.8, 0.95)).thresholds_style(looks.drawn())
    return panel.min(0)


def _delay() -> timeseries.Panel:
    panel = panels.lines(
        "Overload: waiting in queues",
        "How long requests waited of late for the loop and in the sidecar's queues; it sheds above "
        "its `queue_delay`. High while the CPU is not: a bulkhead's or a pool's queue is long.",
        units.Seconds,
        over_time(gates.largest(r.OVERLOAD_DELAY, BY_RULE), LINE_MODE),
    )
    return panel.min(0)


# --- concurrency


def _slots() -> timeseries.Panel:
    panel = panels.lines(
        "Concurrency: slots",
        "Where those taken reach those there are, requests wait or are refused. Slots are full "
        "because the upstream is slow far more often than because so many come. With `per`, there "
        "are so many for each value, and those of all values are taken.",
        units.Short,
        over_time(gates.summed(r.CONCURRENCY_IN_FLIGHT, BY_RULE), f"{LINE_MODE} taken"),
        over_time(gates.summed(r.CONCURRENCY_AT_MOST, BY_RULE), f"{LINE_MODE} there are"),
    )
    return panel.min(0)


def _queued() -> timeseries.Panel:
    return panels.lines(
        "Concurrency: requests that wait for a slot",
        "A queue that never empties helps nobody: all wait, and as many are refused. Shorten it "
        "(`queue`), or give the upstream more to work with.",
        units.Short,
        over_time(gates.summed(r.CONCURRENCY_QUEUED, BY_RULE), LINE_MODE),
    ).min(0)


def _waited() -> timeseries.Panel:
    panel = panels.lines(
        "Concurrency: longest wait",
        "Of those that wait at the moment, the one that has waited longest. Near the rule's "
        "longest wait, requests are refused next.",
        units.Seconds,
        over_time(gates.largest(r.CONCURRENCY_WAITED, BY_RULE), LINE_MODE),
    )
    return panel.min(0)


ROWS: Final[dict[str, Row]] = {
    "access": refusing(
        "access",
        "Access",
        "Who is not let in at all. Many at once: a scan, or a list that has just changed; the log "
        "of decisions has the addresses and the entry of the list.",
        _hottest("access", "Access: who is refused", "Whom access rules turn away most often."),
    ),
    "faults": refusing(
        "faults",
        "Faults on purpose",
        "Requests that are delayed (`parked`) or refused so that somebody sees what happens then. "
        "Nobody knows of an experiment? End it: `sidecar override 'faults/*' --mode disabled`.",
    ),
    "rate_limits": refusing(
        "rate_limits",
        "Rate limits",
        "Refused with a 429, or let wait (`parked`). One key has most of it: one caller is greedy, "
        "and the limit does its work. All of them: the limit is too low for what comes.",
        _hottest("rate_limits", "Rate limits: hottest keys", "Who is above limits most often."),
        _tracked(),
        _forgotten(),
        _waiting(),
    ),
    "overload": refusing(
        "overload",
        "Overload",
        "Requests turned away because the host has too much to do. It protects the rest of them; "
        "find out what takes the CPU in the service dashboard.",
        _shed(),
        _cpu(),
        _delay(),
    ),
    "concurrency": refusing(
        "concurrency",
        "Concurrency",
        "Requests that found no free slot: they wait (`parked`) or are refused. Look first "
        "whether the upstream has become slow.",
        _slots(),
        _queued(),
        _waited(),
        _hottest("concurrency", "Concurrency: hottest keys", "Who finds slots taken most often."),
    ),
}
