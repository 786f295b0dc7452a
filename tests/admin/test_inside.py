from __future__ import annotations

import pytest

from sidecar.admin.inside import Readiness


@pytest.mark.parametrize(
    "stage, by_hand, reason",
    [
        ("starting", False, "starting"),
        ("", False, ""),
        ("", True, "draining"),
        ("draining", True, "draining"),
    ],
)
def test_why_no_requests_should_be_sent_here(stage: str, by_hand: bool, reason: str) -> None:
    assert Readiness(stage, by_hand).reason == reason
