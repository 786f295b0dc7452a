"""Every alert leads to a panel that there is."""

from __future__ import annotations

from typing import Final

from sidecar.alerting.kinds import KINDS
from sidecar.alerting.panels import PANELS
from tests.dashboards.generated import BOARDS, board, panels

#: Alerts that no panel shows, and why.
WITHOUT_PANEL: Final[dict[str, str]] = {}
#: Those whose dashboard is still to come.
TO_COME: Final = frozenset(
    {
        "SidecarExporterDown", "SidecarInternalErrors", "SidecarKeysForgotten",
        "SidecarShadowWouldRefuse", "SidecarTelemetryBehind", "SidecarTelemetryDropped",
    }
)  # fmt: skip


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
    assert PANELS.keys() <= names
    assert names - PANELS.keys() - WITHOUT_PANEL.keys() - TO_COME == set()
