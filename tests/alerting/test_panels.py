from __future__ import annotations

from sidecar.alerting.panels import PANELS, Panel, panel_number


def test_a_panel_is_known_by_a_number_that_follows_from_its_title() -> None:
    assert Panel("sidecar-fleet", "Breakers").number == panel_number("Breakers")
    assert panel_number("Breakers") == 281883093
    assert min(one.number for one in PANELS.values()) > 0
    assert max(one.number for one in PANELS.values()) < 2**31
