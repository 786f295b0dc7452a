from __future__ import annotations

import pytest

from sidecar.ruleset.alert_entry import HeldAlertSpec
from sidecar.ruleset.alerts_of_rules import (
    BreakerOpenSpec,
    ControlActiveSpec,
    DegradedShareSpec,
    FallbackFailingSpec,
    KeysForgottenSpec,
    RefusedShareSpec,
    RetriesSkippedSpec,
    RulesRefusedSpec,
    ShadowShareSpec,
    ShedShareSpec,
)
from sidecar.ruleset.alerts_section import kind_of

#: Severity and wait in seconds that are left out, and what each kind has besides.
DEFAULTS = [
    (BreakerOpenSpec, "page", 10.0, {}),
    (ControlActiveSpec, "ticket", 3600.0, {}),
    (DegradedShareSpec, "ticket", 300.0, {"above": 0.05, "over": 300.0}),
    (FallbackFailingSpec, "ticket", 60.0, {"over": 600.0}),
    (KeysForgottenSpec, "ticket", 300.0, {"over": 600.0}),
    (RefusedShareSpec, "ticket", 300.0, {"above": 0.1, "over": 300.0}),
    (RetriesSkippedSpec, "ticket", 300.0, {"above": 0.2, "over": 300.0}),
    (RulesRefusedSpec, "ticket", 60.0, {}),
    (ShadowShareSpec, "ticket", 300.0, {"above": 0.01, "over": 3600.0}),
    (ShedShareSpec, "page", 60.0, {"above": 0.1, "over": 60.0}),
]


@pytest.mark.parametrize("spec, severity, wait, own", DEFAULTS)
def test_what_is_left_out(
    spec: type[HeldAlertSpec], severity: str, wait: float, own: dict[str, object]
) -> None:
    read = spec.model_validate({"name": "a", "kind": kind_of(spec)})
    assert (read.severity.value, read.hold) == (severity, wait)
    assert {name: getattr(read, name) for name in own} == own
