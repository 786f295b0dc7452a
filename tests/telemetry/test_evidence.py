from __future__ import annotations

import msgspec
import pytest

from sidecar.model.policy import Mode, Rule
from sidecar.telemetry.evidence import Evidence, Finding, Said


def test_evidence_does_not_change_once_it_was_put_down() -> None:
    rule = Rule("access", "nobody", Mode.ENFORCE, "shop.yaml:7")
    evidence = Evidence(None, (Finding(rule, Said.REFUSED, {}),))
    with pytest.raises(AttributeError):
        evidence.chain = ()  # type: ignore[misc]  # it is frozen
    assert msgspec.structs.asdict(evidence)["chain"] == ()
