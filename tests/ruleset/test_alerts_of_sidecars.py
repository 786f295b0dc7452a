from __future__ import annotations

import pytest

from sidecar.ruleset.alert_entry import HeldAlertSpec
from sidecar.ruleset.alerts_of_sidecars import (
    CpuThrottledSpec,
    DescriptorsNearLimitSpec,
    InternalErrorsSpec,
    LoopLateSpec,
    MemoryNearLimitSpec,
    OutOfMemorySpec,
    SaturationSpec,
    SidecarAbsentSpec,
    SidecarDownSpec,
    SidecarRestartsSpec,
)
from sidecar.ruleset.alerts_section import kind_of

#: Severity and wait in seconds that are left out, and what each kind has besides.
DEFAULTS = [
    (CpuThrottledSpec, "ticket", 600.0, {"above": 0.25, "over": 300.0}),
    (DescriptorsNearLimitSpec, "ticket", 300.0, {"above": 0.8}),
    (InternalErrorsSpec, "ticket", 60.0, {"over": 600.0}),
    (LoopLateSpec, "ticket", 300.0, {"above": 0.05, "over": 300.0}),
    (MemoryNearLimitSpec, "ticket", 300.0, {"above": 0.9}),
    (OutOfMemorySpec, "ticket", 15.0, {"over": 900.0}),
    (SaturationSpec, "ticket", 600.0, {"above": 0.9}),
    (SidecarAbsentSpec, "page", 120.0, {}),
    (SidecarDownSpec, "ticket", 300.0, {}),
    (SidecarRestartsSpec, "ticket", 60.0, {"above": 2, "over": 1800.0}),
]


@pytest.mark.parametrize("spec, severity, wait, own", DEFAULTS)
def test_what_is_left_out(
    spec: type[HeldAlertSpec], severity: str, wait: float, own: dict[str, object]
) -> None:
    read = spec.model_validate({"name": "a", "kind": kind_of(spec)})
    assert (read.severity.value, read.hold) == (severity, wait)
    assert {name: getattr(read, name) for name in own} == own
