"""What is said of each mistake stands in tests/rules; here, what is no mistake, and drafts."""

from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from tests.ruleset.compiled import rule_file


def _codes(active: str) -> list[str]:
    keys = "keys: {client: {from: client.address}}\n"
    limit = f"rate_limits: [{{name: one, per: client, limit: 5/s, active: {active}}}]"
    return [one.code for one in check(rule_file(keys + limit), "shop.yaml").diagnostics]


@pytest.mark.parametrize(
    "active",
    [
        "{from: 2026-11-11T00:00:00+08:00}",
        "{to: 2026-11-11T00:00:00+08:00}",
        "{from: 2026-11-11T00:00:00Z, to: 2026-11-11T00:00:01Z}",
        "{from: 2026-11-11T00:00:00Z, for: 1d, every: day}",
        "{from: 2026-11-11T00:00:00Z, to: 2026-11-18T00:00:00Z, every: week}",
    ],
)
def test_windows_that_can_be(active: str) -> None:
    assert _codes(active) == []


def test_a_mistyped_field_is_not_said_to_be_missing() -> None:
    assert _codes("{from: tomorrow, for: 1h, every: day}") == ["bad-moment"]
    assert _codes("{from: 2026-11-11T00:00:00Z, for: 1x, every: day}") == ["bad-duration"]
    assert _codes("{from: 2026-11-11T00:00:00Z, to: later, for: 1h}") == ["bad-moment", "conflict"]
