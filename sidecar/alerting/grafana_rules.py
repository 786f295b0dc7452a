"""Alerts as Grafana-managed alert rules, for its HTTP API and for files of its provisioning.

Each rule asks Prometheus for the same expression that Prometheus would evaluate itself, and fires
for each series in the answer, as there: whatever the value is, as Grafana's own import does it.

Nothing is recorded by Grafana: what an alert asks for of recorded series is asked for in their
place. So its alerts need no rule file in Prometheus, and nothing is recorded twice where there is
one. That costs more of a query than a recorded series does, and is asked for no more often.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sidecar.alerting.alert import Alert, Group, Recording
from sidecar.alerting.durations import written
from sidecar.alerting.inlining import inlined
from sidecar.alerting.templates import for_grafana, grafana_literal
from sidecar.alerting.yaml_text import yaml_text

#: The smallest step of Grafana's scheduler; intervals of groups are multiples of it.
STEP_SECONDS: Final = 10
TITLE_AT_MOST: Final = 190
#: The query itself, what is 1 for each of its series, and what fires for these.
_QUERY, _SERIES, _CONDITION = "A", "B", "C"
_EXPRESSION: Final = "__expr__"
#: What the API adds to a query without it; written, so that nothing differs when it is read back.
_AS_STORED: Final = {"intervalMs": 1000, "maxDataPoints": 43_200}
_RANGE: Final = {"from": 600, "to": 0}
_ORGANISATION: Final = 1
#: Labels that say what an alert is about, in the order of a title.
_ABOUT: Final = ("service", "alert", "slo", "rule", "route", "upstream", "severity")


def rule_groups(groups: Sequence[Group], *, folder: str, data_source: str) -> list[dict[str, Any]]:
    """The bodies of ``PUT /api/v1/provisioning/folder/{folder}/rule-groups/{title}``.

    ``folder`` and ``data_source`` are uids; all groups of the folder come together. Raises
    ValueError for alerts that cannot be told apart, and for what another group records.
    """
    where = {"orgID": _ORGANISATION, "folderUID": folder}
    bodies = []
    for group, rules in _with_titles(groups):
        interval, title = _interval_seconds(group), group_title(group)
        shapes = [
            _shared(alert, name, interval, data_source)
            | {**where, "ruleGroup": title, **_only_in_api(alert, interval)}
            for name, alert in rules
        ]
        bodies.append({"title": title, "folderUid": folder, "interval": interval, "rules": shapes})
    return bodies


def provisioning_file(
    groups: Sequence[Group], *, folder: str, data_source: str, header: Sequence[str] = ()
) -> str:
    """A file for ``provisioning/alerting``; ``folder`` is a title here, as in all such files.

    Raises ValueError as ``rule_groups`` does.
    """
    return yaml_text(file_groups(groups, folder=folder, data_source=data_source), header)


def file_groups(groups: Sequence[Group], *, folder: str, data_source: str) -> dict[str, Any]:
    """What is in that file."""
    shapes = []
    for group, rules in _with_titles(groups):
        interval = _interval_seconds(group)
        shapes.append(
            {
                "orgId": _ORGANISATION,
                "name": group_title(group),
                "folder": folder,
                "interval": written(interval),
                "rules": [
                    _shared(alert, title, interval, data_source) | _only_in_files(alert, interval)
                    for title, alert in rules
                ],
            }
        )
    return {"apiVersion": 1, "groups": shapes}


def group_title(group: Group) -> str:
    """What the group is called in Grafana; it becomes a part of a path."""
    return group.name.replace("/", "-")[:TITLE_AT_MOST]


def _shared(alert: Alert, title: str, interval: int, data_source: str) -> dict[str, Any]:
    return {
        "uid": _uid(alert),
        "title": title,
        "condition": _CONDITION,
        "data": list(_queries(alert.expression, data_source)),
        # No series is what a healthy service looks like. That a sidecar tells nothing at all has
        # an alert of its own.
        "noDataState": "OK",
        # What cannot be asked is no alert any more: those who would be told hear that, once for a
        # service. `Alerting` would tell them of troubles that nobody has seen, `OK` of none.
        "execErrState": "Error",
        "for": _in_steps(alert.for_seconds, interval),
        "annotations": for_grafana(alert.annotations),
        "labels": {name: grafana_literal(value) for name, value in alert.labels.items()},
        "isPaused": False,
    }


def _only_in_api(alert: Alert, interval: int) -> dict[str, Any]:
    return {
        "keep_firing_for": _in_steps(alert.keep_firing_seconds, interval),
        # As Prometheus does: a series that is gone is resolved at the next evaluation.
        "missingSeriesEvalsToResolve": 1,
    }


def _only_in_files(alert: Alert, interval: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "keepFiringFor": _in_steps(alert.keep_firing_seconds, interval),
        "missing_series_evals_to_resolve": 1,
    }
    if (board := alert.annotations.get("__dashboardUid__")) is not None:
        fields["dashboardUid"] = board
        fields["panelId"] = int(alert.annotations.get("__panelId__", "0"))
    return fields


def _queries(expression: str, data_source: str) -> Iterator[dict[str, Any]]:
    prometheus = {"type": "prometheus", "uid": data_source}
    asked = {"expr": expression, "instant": True, "range": False}
    yield _query(_QUERY, data_source, {"datasource": prometheus, **asked})
    any_value = f"is_number(${_QUERY}) || is_nan(${_QUERY}) || is_inf(${_QUERY})"
    yield _expression(_SERIES, "math", {"expression": any_value})
    above_nothing = [{"evaluator": {"type": "gt", "params": [0]}}]
    yield _expression(_CONDITION, "threshold", {"expression": _SERIES, "conditions": above_nothing})


def _expression(ref: str, kind: str, model: dict[str, Any]) -> dict[str, Any]:
    asked = {"datasource": {"type": _EXPRESSION, "uid": _EXPRESSION}, "type": kind, **model}
    return _query(ref, _EXPRESSION, asked) | {"queryType": kind}


def _query(ref: str, data_source: str, model: dict[str, Any]) -> dict[str, Any]:
    return {
        "refId": ref,
        "queryType": "",
        "datasourceUid": data_source,
        "relativeTimeRange": _RANGE,
        "model": {"refId": ref, **model, **_AS_STORED},
    }


def _interval_seconds(group: Group) -> int:
    return max(1, math.ceil(group.interval_seconds / STEP_SECONDS)) * STEP_SECONDS


def _in_steps(seconds: float, interval: int) -> str:
    """At least so long, in whole evaluations: in between nothing is found out."""
    return written(math.ceil(seconds / interval) * interval)


def _with_titles(groups: Sequence[Group]) -> Iterator[tuple[Group, list[tuple[str, Alert]]]]:
    """The groups that have alerts, with the titles that these get."""
    alerts = [(group, inlined(group)) for group in groups]
    flat = [one for _, several in alerts for one in several]
    _insist(flat, groups)
    often = Counter(map(_title, flat))
    for group, several in alerts:
        named = [
            (_title(one) if often[_title(one)] == 1 else f"{_title(one)} {_uid(one)[-8:]}", one)
            for one in several
        ]
        if named:
            yield group, named


def _insist(alerts: list[Alert], groups: Sequence[Group]) -> None:
    uids = Counter(map(_uid, alerts))
    rules = [rule for group in groups for rule in group.rules]
    recorded = {rule.record for rule in rules if isinstance(rule, Recording)}
    for alert in alerts:
        if uids[_uid(alert)] > 1:
            raise ValueError(f"{alert.entry} is there twice, with the same name and labels")
        if needed := recorded.intersection(re.findall(r"[\w:]+", alert.expression)):
            raise ValueError(f"{alert.entry} needs what is recorded: {', '.join(sorted(needed))}")


def _title(alert: Alert) -> str:
    """The alert's name, and what it is about: titles are unique in a folder."""
    about = (alert.labels.get(name, "") for name in _ABOUT)
    # As long as it may be with what tells two apart behind it.
    return f"{alert.name} ({', '.join(filter(None, about))})"[: TITLE_AT_MOST - 9]


def _uid(alert: Alert) -> str:
    """The same for the same alert, whatever its expression or its place in a file."""
    identity = repr((alert.name, sorted(alert.labels.items())))
    return f"sidecar-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
