from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from sidecar.telemetry import clock


def test_the_offset_leads_from_monotonic_to_wall_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_100.0)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    assert clock.wall_offset() == 1_700_000_000.0


def test_a_moment_is_in_utc() -> None:
    assert clock.moment(1_700_000_000.25) == datetime(2023, 11, 14, 22, 13, 20, 250_000, UTC)
