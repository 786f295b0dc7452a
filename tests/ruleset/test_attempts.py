from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from sidecar.wire.names import Kind
from tests.ruleset.compiled import compiled, rule_file

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


@pytest.mark.parametrize(
    "rule, told",
    [
        ("abort: {status: 503}", ["fault-for-all"]),
        ("abort: {status: 503, share: 5%}", []),
        ("abort: {status: 503}, match: {path: /x}", []),
        ("abort: {status: 503}, mode: shadow", []),
        ("abort: {status: 503}, active: {from: '2026-11-11T00:00:00Z', for: 5m}", []),
        ("delay: {of: 1s}", []),
        ("match: {path: /x}", ["incomplete"]),
    ],
)
def test_faults(rule: str, told: list[str]) -> None:
    found = check(rule_file(f"faults:\n  - {{name: one, {rule}}}\n"), "shop.yaml")
    assert [one.code for one in found.diagnostics] == told


@pytest.mark.parametrize(
    "keys, header, is_identity",
    [
        ("{}", "x-chaos", True),
        ("{}", "user-agent", False),
        ("{chaos: {from: header, name: X-Chaos, believe: anyone}}", "x-chaos", False),
    ],
)
def test_who_asks_for_faults_is_believed_or_not_heard(
    keys: str, header: str, *, is_identity: bool
) -> None:
    rule = f'{{name: one, delay: {{of: 1s}}, match: {{header: {{{header}: "1"}}}}}}'
    rules = compiled(rule_file(f"keys: {keys}\nfaults:\n  - {rule}\n"))
    kind = rules.names_unbelieved[header.encode()]
    assert (kind == Kind.HOP_BY_HOP) is is_identity
    assert rules.names_believed[header.encode()] == Kind.WATCHED
