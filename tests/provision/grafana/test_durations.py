from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.alerting.durations import written
from sidecar.provision.grafana.durations import alike


@pytest.mark.parametrize(
    "there, ours",
    [("1w", "7d"), ("60s", "1m"), ("90m", "1h30m"), ("1h30m0s", "1h30m"), ("0s", "0s"),
     ("250ms", "250ms"), ("", ""), ("soon", "soon"), ("5m?", "5m?"), (None, None)],
)  # fmt: skip
def test_one_length_of_time_has_one_way_to_be_written(there: Any, ours: Any) -> None:
    assert alike({"for": there}) == {"for": ours}


def test_only_fields_that_hold_one_are_meant() -> None:
    rule = {"title": "60s", "data": [{"model": {"for": "60s"}}], "routes": [{"group_wait": "60s"}]}

    assert alike(rule) == {
        "title": "60s", "data": [{"model": {"for": "1m"}}], "routes": [{"group_wait": "1m"}],
    }  # fmt: skip


@given(st.integers(0, 10**7))
def test_what_we_write_stays(seconds: int) -> None:
    text = written(seconds)

    assert alike({"for": text}) == {"for": text}
