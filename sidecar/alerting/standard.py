"""The alerts of a rule file that says nothing of any: what is usual for what it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.schema import RuleFile


def standard(file: RuleFile) -> tuple[AlertSpec, ...]:
    """From what users see down to what only we see."""
    return (*_of_users(file), *_of_itself(file))


def _of_users(file: RuleFile) -> Iterator[AlertSpec]:
    if file.slo:
        yield _usual("burn_rate", for_each="slo")


def _of_itself(file: RuleFile) -> Iterator[AlertSpec]:
    yield _usual("sidecar_absent")
    yield _usual("rules_refused")


def _usual(kind: str, **fields: Any) -> AlertSpec:
    given = {"name": kind.replace("_", "-"), "kind": kind, **fields}
    return ALERT_KINDS[kind].model_validate(given)
