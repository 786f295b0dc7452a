"""Alerts as a rule file of Prometheus (2.42 or later, for ``keep_firing_for``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sidecar.alerting.alert import Alert, Group, Recording
from sidecar.alerting.durations import written
from sidecar.alerting.expression_lines import in_lines
from sidecar.alerting.links import GRAFANAS_OWN
from sidecar.alerting.templates import for_prometheus, literal
from sidecar.alerting.yaml_text import Lines, yaml_text


def rule_file(groups: Iterable[Group], header: Sequence[str] = ()) -> str:
    """The file that ``rule_files`` of ``prometheus.yml`` names, in YAML."""
    return yaml_text(rule_groups(groups), header)


def rule_groups(groups: Iterable[Group]) -> dict[str, Any]:
    """What is in that file."""
    return {"groups": [_group(group) for group in groups]}


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "interval": written(group.interval_seconds),
        "rules": [
            _alert(rule) if isinstance(rule, Alert) else _recording(rule) for rule in group.rules
        ],
    }


def _recording(rule: Recording) -> dict[str, Any]:
    written_rule: dict[str, Any] = {
        "record": rule.record,
        "expr": Lines(in_lines(rule.expression)),
    }
    if rule.labels:
        written_rule["labels"] = _labels(rule.labels)
    return written_rule


def _alert(alert: Alert) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": Lines(in_lines(alert.expression))}
    if alert.for_seconds:
        rule["for"] = written(alert.for_seconds)
    if alert.keep_firing_seconds:
        rule["keep_firing_for"] = written(alert.keep_firing_seconds)
    rule["labels"] = _labels(alert.labels)
    rule["annotations"] = for_prometheus(
        {
            name: text
            for name, text in alert.annotations.items()
            if not name.startswith(GRAFANAS_OWN)
        }
    )
    return rule


def _labels(labels: dict[str, str]) -> dict[str, str]:
    return {name: literal(value) for name, value in labels.items()}
