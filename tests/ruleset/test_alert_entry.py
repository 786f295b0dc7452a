from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.ruleset.alert_entry import AlertSpec, HeldAlertSpec, ShareAlertSpec
from sidecar.ruleset.alert_values import AlertSeverity

_NAMED = {"name": "a", "kind": "anything"}


def test_what_is_left_out() -> None:
    spec = ShareAlertSpec.model_validate(_NAMED)
    assert (spec.owner, spec.why, spec.labels) == ("", "", {})
    assert (spec.severity, spec.hold) == (AlertSeverity.TICKET, 300.0)
    assert (spec.above, spec.over, spec.at_least) == (0.1, 300.0, 20)


def test_what_is_written() -> None:
    spec = HeldAlertSpec.model_validate({**_NAMED, "severity": "page", "for": "90s"})
    assert (spec.severity, spec.hold) == (AlertSeverity.PAGE, 90.0)


@pytest.mark.parametrize("field", ["for", "above", "severity"])
def test_not_every_alert_has_everything(field: str) -> None:
    with pytest.raises(ValidationError):
        AlertSpec.model_validate({**_NAMED, field: "5m"})
