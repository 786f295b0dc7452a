from __future__ import annotations

import pytest

from sidecar.alerting.alert import Alert
from sidecar.alerting.links import anchor, linked
from tests.alerting.examples import RECORDED, breaker, group


def test_each_alert_names_its_heading_of_the_runbook() -> None:
    (found,) = linked([group(RECORDED, breaker())], "https://wiki.shop.example/runbook")
    recorded, alert = found.rules
    assert recorded == RECORDED
    assert isinstance(alert, Alert)
    assert alert.annotations["runbook_url"] == (
        "https://wiki.shop.example/runbook#sidecarbreakeropen"
    )
    assert alert.annotations["why"] == breaker().annotations["why"]


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
