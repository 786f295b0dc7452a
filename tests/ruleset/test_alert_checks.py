from __future__ import annotations

import pytest

from sidecar.ruleset.alert_checks import RESERVED_LABELS, named
from sidecar.ruleset.check import check
from sidecar.ruleset.document import load
from tests.ruleset.compiled import rule_file

_FILE = """\
keys: {client_ip: {from: client.address}}
routes: [{name: pay, match: {path: /pay}}]
rate_limits: [{name: each, per: client_ip, limit: 1/s}]
overload: [{name: host, cpu: {shed_above: 80%}}]
breakers: [{name: app, upstream: app, open_when: {consecutive_errors: 5}}]
slo: [{name: up, good: {status_below: 500}, target: 99.9%, over: 7d}]
"""


def said(*entries: str) -> list[str]:
    lines = "".join(f"  - {{name: a{number}, {one}}}\n" for number, one in enumerate(entries))
    found = check(rule_file(f"{_FILE}alerts:\n{lines}"), "shop.yaml")
    return [one.code for one in found.diagnostics]


@pytest.mark.parametrize(
    "right",
    [
        "kind: burn_rate, slo: up, page: [1x over 7d/1h], ticket: []",
        "kind: breaker_open, breaker: [app]",
        "kind: shed_share, rule: overload/host",
        "kind: refused_share, rule: [rate_limits/each, breakers/app]",
        "kind: keys_forgotten, limit: each",
        "kind: error_share, route: [pay, other]",
        "kind: pool_overflows, upstream: app",
        "kind: saturation, labels: {team: shop}",
    ],
)
def test_what_is_there_may_be_named(right: str) -> None:
    assert said(right) == []


@pytest.mark.parametrize(
    "wrong, code",
    [
        ("kind: burn_rate, slo: down", "unknown-objective"),
        ("kind: burn_rate, slo: up, page: [2x over 8d/1h]", "conflict"),
        ("kind: breaker_open, breaker: pay", "unknown-rule"),
        ("kind: refused_share, rule: rate_limits/app", "unknown-rule"),
        ("kind: shed_share, rule: breakers/app", "conflict"),
        ("kind: error_share, route: app", "unknown-route"),
        ("kind: pool_overflows, upstream: pay", "unknown-upstream"),
    ],
)
def test_what_is_not_there_is_told(wrong: str, code: str) -> None:
    assert said(wrong) == [code]


@pytest.mark.parametrize("label", sorted(RESERVED_LABELS))
def test_labels_that_every_alert_has_are_nobody_elses(label: str) -> None:
    assert said(f"kind: saturation, labels: {{{label}: x}}") == ["reserved-name"]


def test_names_of_entries_with_errors_are_names() -> None:
    document = load("slo: [{name: up}, {name: 3}, [], {target: 9%}, {name: down, x: 1}]", "a")
    assert named(document, "slo") == ("up", "down")
    assert named(document, "alerts") == ()
    assert named(load("slo: 3", "a"), "slo") == ()
