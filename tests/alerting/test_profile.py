from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.alerting.profile import DEMO, PRODUCTION, PROFILES


def test_production_is_as_written() -> None:
    assert [PRODUCTION.window(one) for one in (300.0, 3600.0, 259_200.0)] == ["5m", "1h", "3d"]


@pytest.mark.parametrize(
    "written, here",
    [(3600, "15s"), (300, "5s"), (1800, "7s500ms"), (21_600, "1m30s"), (86_400, "6m"), (2, "2s")],
)
def test_an_hour_of_the_demo_is_a_quarter_of_a_minute(written: float, here: str) -> None:
    assert DEMO.window(written) == here


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_no_wait_grows_and_none_overtakes_another(one: float, other: float) -> None:
    for profile in PROFILES.values():
        assert 0 <= profile.seconds(one) <= one
        if one <= other:
            assert profile.seconds(one) <= profile.seconds(other)
