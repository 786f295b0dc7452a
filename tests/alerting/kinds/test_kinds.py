from __future__ import annotations

import re

import pytest

from sidecar.alerting.kind import Kind
from sidecar.alerting.kinds import KINDS
from sidecar.ruleset.alerts_section import ALERT_KINDS


def test_every_kind_of_the_language_becomes_alerts() -> None:
    assert {*KINDS} == {*ALERT_KINDS}


def test_names_are_told_apart() -> None:
    assert len({kind.alert for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.word))
def test_what_people_read(kind: Kind) -> None:
    assert re.fullmatch(r"Sidecar([A-Z][a-z]+)+", kind.alert)
    assert kind.first.endswith(".")
    assert kind.why
    assert not kind.why.endswith(".")
