from __future__ import annotations

from sidecar.admin.actor import ITSELF, THE_FILE, Actor


def test_somebody_may_have_no_more_than_a_name() -> None:
    assert Actor("ann").details == {}
    assert {ITSELF.name, THE_FILE.name} == {"sidecar", "rule file"}
