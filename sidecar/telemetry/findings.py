"""What a rule knew when it decided, under the names of the catalogue.

Facts are for operators, and may hold a part of a value that the request was told apart by. Of
such a value only a hash is told to others.
"""

from __future__ import annotations

from math import isfinite
from typing import Final

from sidecar.model.policy import Facts, Rule
from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Attribute
from sidecar.telemetry.evidence import Finding, Said
from sidecar.telemetry.signals import AttributeValue
from sidecar.telemetry.unicode_text import unicode

#: What each fact of a gate is called. Whatever is not here is not told.
FACTS: Final[dict[str, Attribute]] = {
    "per": a.KEY_NAME,
    "key": a.KEY_NAME,
    "key_hash": a.KEY_HASH,
    "limit": a.LIMIT,
    "burst": a.BURST,
    "available": a.AVAILABLE,
    "warmth": a.WARMTH,
    "cost": a.COST,
    "at_most": a.AT_MOST,
    "in_flight": a.IN_FLIGHT,
    "queued": a.QUEUED,
    "queue_at_most": a.QUEUE_AT_MOST,
    "because": a.BECAUSE,
    "list": a.LIST,
    "shed_share": a.SHED_SHARE,
    "cpu": a.CPU,
    "cpu_at_most": a.CPU_AT_MOST,
    "queue_delay": a.QUEUE_DELAY,
    "queue_delay_at_most": a.QUEUE_DELAY_AT_MOST,
    "drawn": a.DRAWN,
    "problem": a.PROBLEM,
    "delay_seconds": a.DELAY,
    "abort_status": a.ABORT_STATUS,
    "state": a.BREAKER_STATE,
    "opened_by": a.BREAKER_OPENED_BY,
    "error_ratio": a.ERROR_RATIO,
    "error_ratio_limit": a.ERROR_RATIO_LIMIT,
    "error_ratio_requests": a.ERROR_RATIO_REQUESTS,
    "error_ratio_at_least": a.ERROR_RATIO_AT_LEAST,
    "error_ratio_over_seconds": a.ERROR_RATIO_OVER,
    "slow_ratio": a.SLOW_RATIO,
    "slow_ratio_limit": a.SLOW_RATIO_LIMIT,
    "slow_ratio_requests": a.SLOW_RATIO_REQUESTS,
    "slow_ratio_at_least": a.SLOW_RATIO_AT_LEAST,
    "slow_ratio_over_seconds": a.SLOW_RATIO_OVER,
    "consecutive_errors": a.CONSECUTIVE_ERRORS,
    "consecutive_errors_limit": a.CONSECUTIVE_ERRORS_LIMIT,
    "openings": a.OPENINGS,
    "next_probe_seconds": a.NEXT_PROBE,
    "probes_good": a.PROBES_GOOD,
    "probes_bad": a.PROBES_BAD,
    "probes_out": a.PROBES_OUT,
    "probes_enough": a.PROBES_ENOUGH,
    "forced": a.FORCED,
    "forced_seconds": a.FORCED_SECONDS,
    "step": a.STEP,
}
# Enums are compared by identity here: hashing one takes longer than all the rest.
_REFUSED: Final = Said.REFUSED
_WOULD_REFUSE: Final = Said.WOULD_REFUSE
_APPLIED: Final = Said.APPLIED
_PARKED: Final = Said.PARKED
_TYPES: Final[dict[str, type[str | float]]] = {"string": str, "int": int, "double": float}


def outcome_of(finding: Finding) -> str:
    """What it came to, in a word that decisions are counted by; empty when to nothing."""
    said = finding.said
    if said is _REFUSED or said is _WOULD_REFUSE:
        return "refused"
    if said is _APPLIED:
        return "applied"
    return "parked" if said is _PARKED else ""


def rule_attributes(rule: Rule) -> dict[str, AttributeValue]:
    """Which rule it was, and what its author said of it."""
    told: dict[str, AttributeValue] = {
        a.RULE_KIND.name: rule.kind,
        a.RULE_NAME.name: rule.name,
        a.RULE_MODE.name: rule.mode.value,
    }
    if rule.source:
        told[a.RULE_SOURCE.name] = unicode(rule.source)
    if rule.why:
        told[a.RULE_WHY.name] = rule.why
    if rule.labels:
        told[a.RULE_LABELS.name] = labels_of(rule)
    return told


def labels_of(rule: Rule) -> list[str]:
    """Its labels as text, each ``NAME=VALUE``."""
    return [f"{name}={value}" for name, value in rule.labels]


def fact_attributes(facts: Facts) -> dict[str, AttributeValue]:
    """The numbers behind a decision; each name has one type, and what is unknown is left out."""
    told: dict[str, AttributeValue] = {}
    for name, value in facts.items():
        one = FACTS.get(name)
        if one is None:
            continue
        if one.type == "string":
            told[one.name] = unicode(str(value))
        elif not isinstance(value, str) and isfinite(value):
            told[one.name] = _TYPES[one.type](value)
    return told
