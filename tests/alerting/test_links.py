from __future__ import annotations

import msgspec
import pytest

from sidecar.alerting.alert import Alert
from sidecar.alerting.links import anchor, linked
from sidecar.alerting.panels import panel_number
from sidecar.alerting.prometheus import rule_file
from tests.alerting.examples import RECORDED, breaker, group


def test_each_alert_names_its_heading_of_the_runbook() -> None:
    (found,) = linked([group(RECORDED, breaker())], "https://wiki.shop.example/runbook")
    recorded, alert = found.rules
    assert recorded == RECORDED
    assert isinstance(alert, Alert)
    assert alert.annotations["runbook_url"] == (
        "https://wiki.shop.example/runbook#sidecarbreakeropen"
    )
    assert alert.annotations["__dashboardUid__"] == "sidecar-fleet"
    assert alert.annotations["__panelId__"] == str(panel_number("Breakers"))
    assert "dashboard_url" not in alert.annotations
    assert alert.annotations["why"] == breaker().annotations["why"]


def test_where_there_is_a_grafana_the_panel_has_an_address_and_prometheus_gets_that_alone() -> None:
    groups = linked([group(breaker())], grafana="https://grafana.shop.example/")
    text = rule_file(groups)
    service = breaker().labels["service"]
    address = f"https://grafana.shop.example/d/sidecar-fleet?viewPanel={panel_number('Breakers')}"
    assert f"{address}&var-service={service}" in text
    assert "__panelId__" not in text


def test_an_alert_of_which_no_panel_is_known_has_no_link_to_one() -> None:
    alert = msgspec.structs.replace(breaker(), name="SidecarSomethingNew")
    (found,) = linked([group(alert)])
    assert "__panelId__" not in found.rules[0].annotations  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "heading,expected",
    [
        ("SidecarSloBurn", "sidecarsloburn"),
        ("What to do, when?", "what-to-do-when"),
        ("`sidecar top`: who_is it", "sidecar-top-who_is-it"),
    ],
)
def test_anchors(heading: str, expected: str) -> None:
    assert anchor(heading) == expected
