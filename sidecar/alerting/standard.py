"""The alerts of a rule file that says nothing of any: what is usual for what it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alert_lint import has_subject
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.schema import RuleFile

#: What is told of wherever a file has it. Left out is what only somebody who asks for it acts on:
#: shadow rules, fallbacks at work, and shares of single callers' limits.
_USUAL = (
    "burn_rate",
    "breaker_open",
    "shed_share",
    "refused_share",
    "fallback_failing",
    "retries_skipped",
    "keys_forgotten",
    "endpoints_down",
    "connects_failing",
    "lookups_failing",
    "pool_overflows",
    "rules_refused",
    "control_active",
    "sidecar_absent",
    "sidecar_down",
    "sidecar_restarts",
    "internal_errors",
    "saturation",
    "loop_late",
    "cpu_throttled",
    "memory_near_limit",
    "out_of_memory",
    "descriptors_near_limit",
    "telemetry_dropped",
    "telemetry_behind",
    "exporter_down",
)


def standard(file: RuleFile) -> tuple[AlertSpec, ...]:
    """From what users see down to what only we see."""
    return tuple(_standard(file))


def _standard(file: RuleFile) -> Iterator[AlertSpec]:
    for kind in _USUAL:
        if kind == "burn_rate" and not file.slo:
            # Without an objective nobody has said how much may fail: much of it is too much.
            yield _read("error_share")
        elif has_subject(kind, file):
            yield _read(kind, **({"for_each": "slo"} if kind == "burn_rate" else {}))


def _read(kind: str, **fields: Any) -> AlertSpec:
    given = {"name": kind.replace("_", "-"), "kind": kind, **fields}
    return ALERT_KINDS[kind].model_validate(given)
