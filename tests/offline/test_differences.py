from __future__ import annotations

import pytest

from sidecar.offline.differences import Change, Effect, differences
from sidecar.ruleset.check import check
from tests.ruleset.compiled import checked, rule_file

REST = """
keys: {ip: {from: client.address}, user: {from: query, name: user}}
routes:
  - {name: orders, match: {path: /orders}}
  - {name: skus, match: {path: /skus}}
access:
  - {name: scalpers, deny: {client_ip: [203.0.113.0/24]}}
  - {name: office, match: {path: /admin}, allow: {client_ip: [10.0.0.0/8]}}
rate_limits:
  - {name: each, per: ip, limit: 5/s, burst: 2}
  - {name: tried, limit: 30/s, mode: shadow}
"""
OLD = rule_file(REST)


def changes(*edits: tuple[str, str]) -> list[Change]:
    new = OLD
    for old, replacement in edits:
        assert old in new
        new = new.replace(old, replacement)
    return differences(checked(OLD), checked(new))


def said(*edits: tuple[str, str]) -> list[tuple[str, str, Effect]]:
    return [(one.about, one.words, one.effect) for one in changes(*edits)]


def test_nothing_changes_between_a_file_and_itself_written_differently() -> None:
    assert said(("[203.0.113.0/24]", "[ 203.0.113.0/24 ]")) == []


@pytest.mark.parametrize(
    "edit, about, words, effect",
    [
        (("5/s", "10/s"), "rate_limits/each", "limit: 5/s → 10/s", Effect.LOOSER),
        (("5/s", "60/m"), "rate_limits/each", "limit: 5/s → 60/m", Effect.STRICTER),
        (("5/s", "300/m"), "rate_limits/each", "limit: 5/s → 300/m", Effect.OTHER),
        (("burst: 2", "burst: 1"), "rate_limits/each", "burst: 2 → 1", Effect.STRICTER),
        (("30/s", "3/s"), "rate_limits/tried", "limit: 30/s → 3/s", Effect.NONE),
        (
            ("per: ip", "per: user"),
            "rate_limits/each",
            "per: ip → user; it begins anew",
            Effect.OTHER,
        ),
        (
            (", mode: shadow", ""),
            "rate_limits/tried",
            "begins to act; it knows what it has counted",
            Effect.STRICTER,
        ),
        (
            ("burst: 2", "burst: 2, mode: disabled"),
            "rate_limits/each",
            "acts no more, and counts no more",
            Effect.LOOSER,
        ),
        (
            ("burst: 2", "burst: 2, why: Fair."),
            "rate_limits/each",
            "why: is now Fair.",
            Effect.NONE,
        ),
        (
            ("[203.0.113.0/24]", "[203.0.113.0/24, 198.51.100.7]"),
            "access/scalpers",
            "deny.client_ip: + 198.51.100.7",
            Effect.STRICTER,
        ),
        (
            ("[10.0.0.0/8]", "[10.0.0.0/8, 192.0.2.0/24]"),
            "access/office",
            "allow.client_ip: + 192.0.2.0/24",
            Effect.LOOSER,
        ),
        (
            ("[10.0.0.0/8]", "[192.0.2.0/24]"),
            "access/office",
            "allow.client_ip: + 192.0.2.0/24, - 10.0.0.0/8",
            Effect.OTHER,
        ),
        (
            ("  - {name: tried, limit: 30/s, mode: shadow}\n", ""),
            "rate_limits/tried",
            "is gone, and what it knew is forgotten",
            Effect.NONE,
        ),
        (
            ("name: each", "name: every-client"),
            "rate_limits/every-client",
            "is new, in mode enforce",
            Effect.STRICTER,
        ),
        (
            ("url: http://127.0.0.1:9000", "url: http://127.0.0.1:9001"),
            "upstreams.app.url",
            "http://127.0.0.1:9000 → http://127.0.0.1:9001",
            Effect.OTHER,
        ),
        (
            ("127.0.0.1:8080", "127.0.0.1:8081"),
            "listeners.inbound.bind",
            "127.0.0.1:8080 → 127.0.0.1:8081",
            Effect.RESTART,
        ),
        (("service: shop", "service: store"), "service", "shop → store", Effect.RESTART),
        (
            ("match: {path: /skus}", "match: {path: /sku}"),
            "routes.skus",
            "{name: skus, match: {path: /skus}} → {name: skus, match: {path: /sku}}",
            Effect.OTHER,
        ),
    ],
)
def test_one_change(edit: tuple[str, str], about: str, words: str, effect: Effect) -> None:
    assert (about, words, effect) in said(edit)


def test_objectives_are_felt_by_nobody() -> None:
    slo = "slo: [{name: up, good: {status_below: 500}, target: 99%, over: 1d}]\nkeys:"
    [(about, _, effect)] = said(("keys:", slo))
    assert (about, effect) == ("slo.up", Effect.NONE)


_ONE = "{name: full, kind: saturation, above: 80%}"
_OTHER = "{name: late, kind: loop_late}"


def alerts(*entries: str) -> str:
    return f"alerts: [{', '.join(entries)}]\n"


@pytest.mark.parametrize(
    "before, after, told",
    [
        ("", "owner: us\n", [("owner", "is now us")]),
        ("owner: us\n", "owner: them\n", [("owner", "us → them")]),
        ("", alerts(), [("alerts", "the usual alerts → no alerts at all")]),
        ("", alerts(_ONE, _OTHER), [("alerts", "the usual alerts → full, late")]),
        (alerts(_ONE), "", [("alerts", "full → the usual alerts")]),
        (alerts(_ONE), alerts(_ONE, _OTHER), [("alerts/late", "is new, about loop_late")]),
        (alerts(_ONE, _OTHER), alerts(_OTHER, _ONE), []),
        (
            alerts(_ONE, _OTHER),
            alerts(_OTHER),
            [("alerts/full", "is gone: nobody is told of saturation")],
        ),
        (
            alerts(_ONE),
            alerts(_ONE.replace("80%", "90%, severity: page")),
            [("alerts/full", "above: 80% → 90%"), ("alerts/full", "severity: is now page")],
        ),
    ],
)
def test_who_is_told_of_what_is_felt_by_no_request(
    before: str, after: str, told: list[tuple[str, str]]
) -> None:
    old, new = (checked(rule_file(REST + text)) for text in (before, after))
    found = differences(old, new)
    assert [(one.about, one.words) for one in found] == told
    assert {one.effect for one in found} <= {Effect.NONE}


def test_an_alert_that_changes_has_its_line() -> None:
    old, new = (
        checked(
            rule_file(f"{REST}alerts:\n  - name: full\n    kind: saturation\n    above: {share}\n")
        )
        for share in ("80%", "90%")
    )
    (change,) = differences(old, new)
    line = rule_file(REST).count("\n") + 4
    assert change.source == f"shop.yaml:{line}"


def test_another_order_of_routes_is_told_once() -> None:
    orders, skus = (
        "  - {name: orders, match: {path: /orders}}\n",
        ("  - {name: skus, match: {path: /skus}}\n"),
    )
    assert said((orders + skus, skus + orders)) == [
        ("routes.order", "stands in another order", Effect.OTHER)
    ]


def test_an_entry_that_comes_does_not_count_as_another_order() -> None:
    found = said(("routes:\n", "routes:\n  - {name: new, match: {path: /new}}\n"))
    assert [about for about, _, _ in found] == ["routes.new"]


def test_another_order_of_rules_is_told() -> None:
    each = "  - {name: each, per: ip, limit: 5/s, burst: 2}\n"
    tried = "  - {name: tried, limit: 30/s, mode: shadow}\n"
    assert said((each + tried, tried + each)) == [
        ("rate_limits", "the rules stand in another order", Effect.OTHER)
    ]


def test_each_change_has_its_line() -> None:
    [change] = changes(("burst: 2", "burst: 3"))
    line = int(change.source.rpartition(":")[2])
    assert "name: each" in OLD.splitlines()[line - 1]


def test_files_with_errors_are_not_compared() -> None:
    with pytest.raises(ValueError, match="errors"):
        differences(check("nonsense", "old"), checked(OLD))
