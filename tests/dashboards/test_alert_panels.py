"""Every alert leads to a panel that there is."""

from __future__ import annotations

from sidecar.alerting.kinds import KINDS
from sidecar.alerting.panels import PANELS
from tests.dashboards.generated import BOARDS, board, panels


def test_every_panel_that_an_alert_leads_to_is_there() -> None:
    there = {
        (whole["uid"], panel["title"], panel["id"])
        for whole in map(board, BOARDS)
        for panel in panels(whole)
    }
    missing = {
        name: one for name, one in PANELS.items() if (one.board, one.title, one.number) not in there
    }
    assert not missing


def test_every_kind_of_alert_leads_to_a_panel() -> None:
    names = {kind.alert for kind in KINDS.values()}
    assert PANELS.keys() == names
