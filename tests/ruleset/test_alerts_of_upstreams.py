from __future__ import annotations

import pytest

from sidecar.ruleset.alert_entry import HeldAlertSpec
from sidecar.ruleset.alerts_of_upstreams import (
    ConnectsFailingSpec,
    EndpointsDownSpec,
    LookupsFailingSpec,
    PoolOverflowsSpec,
)
from sidecar.ruleset.alerts_section import kind_of

#: Severity and wait in seconds that are left out, and what each kind has besides.
DEFAULTS = [
    (ConnectsFailingSpec, "ticket", 300.0, {"above": 0.1, "over": 300.0}),
    (EndpointsDownSpec, "ticket", 120.0, {"above": 0.0}),
    (LookupsFailingSpec, "ticket", 300.0, {"over": 300.0}),
    (PoolOverflowsSpec, "ticket", 60.0, {"over": 300.0}),
]


@pytest.mark.parametrize("spec, severity, wait, own", DEFAULTS)
def test_what_is_left_out(
    spec: type[HeldAlertSpec], severity: str, wait: float, own: dict[str, object]
) -> None:
    read = spec.model_validate({"name": "a", "kind": kind_of(spec)})
    assert (read.severity.value, read.hold) == (severity, wait)
    assert {name: getattr(read, name) for name in own} == own
