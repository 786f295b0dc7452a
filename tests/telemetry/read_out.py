"""A rule that shows everything a rule can show."""

from __future__ import annotations

from sidecar.model.policy import Mode, Reading, Rule
from sidecar.telemetry.readings import READINGS
from sidecar.telemetry.rule_told import RuleTold, rule_told

RULE = Rule("rate_limits", "per-client", Mode.ENFORCE, "test:1")


def every_reading() -> list[tuple[Rule, Reading]]:
    """One reading of each name, with a label of its own where its metric has one."""
    return [
        (RULE, Reading(name, 1.0, "one" if len(metric.labels) > 4 else ""))
        for name, metric in READINGS.items()
    ]


def every_rule_told() -> list[RuleTold]:
    """What is told of that rule."""
    return [rule_told(RULE, RULE.mode, "file", "team-orders")]
