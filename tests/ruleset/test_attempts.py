from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from tests.ruleset.compiled import rule_file

ROUTES = """timeouts: {request: 2s, per_try: 1s}
routes:
  - {name: long, match: {path: /long}, timeouts: {request: 1m}}
"""


@pytest.mark.parametrize(
    "rule, told",
    [
        ("on: [timeout], at_most: 2", []),
        ("on: [timeout], at_most: 2, match: {route: long}", []),
        ("on: [timeout], at_most: 2, match: {route: other}", ["retries-too-long"]),
        ("on: [timeout], at_most: 1, match: {route: other}", []),
        ("on: [503], at_most: 2, match: {route: other}", []),
        ("on: [timeout], at_most: 2, match: {route: other}, mode: disabled", []),
        ("on: reset, backoff: {first: 5s, at_most: 9s, jitter: none}, match: {route: other}",
         ["retries-too-long"]),
        ("on: reset, backoff: {first: 5s, at_most: 9s}, match: {route: other}", []),
        ("on: [connect_failure], match: {method: POST}", []),
        ("on: [reset], match: {method: POST}", ["unsafe-retry"]),
        ("on: [reset], match: {method: POST}, only_with_header: x-key", []),
        ("on: [reset], match: {method: [PUT, PATCH, POST]}", ["unsafe-retry", "unsafe-retry"]),
        ("on: reset, backoff: {first: 1s}", ["conflict"]),
    ],
)  # fmt: skip
def test_retries(rule: str, told: list[str]) -> None:
    found = check(rule_file(f"{ROUTES}retries:\n  - {{name: one, {rule}}}\n"), "shop.yaml")
    assert [one.code for one in found.diagnostics] == told
