from __future__ import annotations

import pytest

from sidecar.alerting.durations import written


@pytest.mark.parametrize(
    "seconds,text",
    [
        (0, "0s"),
        (0.25, "250ms"),
        (1, "1s"),
        (10.5, "10s500ms"),
        (90, "1m30s"),
        (5400, "1h30m"),
        (86_400, "1d"),
        (30 * 86_400, "30d"),
        (0.0001, "0s"),
    ],
)
def test_they_are_written_as_all_of_them_read_them(seconds: float, text: str) -> None:
    assert written(seconds) == text
