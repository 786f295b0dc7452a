from __future__ import annotations

import pytest

from sidecar.ruleset.check import check

START = """\
format: sidecar/v1
service: shop
listeners: {inbound: {bind: "127.0.0.1:8080"}}
upstreams: {app: {url: "http://127.0.0.1:9000"}}
"""
USER = "keys: {user: {from: header, name: authorization, believe: anyone}}\n"
FIRST = "routes: [{name: a, match: {method: [GET, PUT], path: '/**'}}, "
CLIENT = "keys: {client: {from: client.address}}\n"


def _warnings(text: str, start: str = START) -> list[tuple[str, str]]:
    checked = check(start + text, "a")
    assert checked.file is not None, checked.diagnostics
    lines = checked.document.lines
    return [
        (one.code, lines[one.line - 1][one.column - 1 : one.column - 1 + one.length])
        for one in checked.diagnostics
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        # Bursts that are usual: a second's worth, five tries and then one in ten seconds.
        "rate_limits: [{name: a, limit: 1000/s, burst: 5000}]",
        CLIENT + "rate_limits: [{name: a, per: client, limit: 1/10s, burst: 5}]",
        CLIENT + "rate_limits: [{name: a, per: client, limit: 1000/d}]",
        # Stricter for each than for all, or the other way round in another place.
        CLIENT + "rate_limits: [{name: a, limit: 100/s}, {name: b, per: client, limit: 5/s}]",
        "rate_limits: [{name: a, limit: 5/s, match: {path: /a}}, {name: b, limit: 50/s}]",
        "rate_limits: [{name: a, limit: 5/s, mode: shadow}, {name: b, limit: 50/s}]",
        "rate_limits: [{name: a, limit: 5/s, burst: 100}, {name: b, limit: 10/s, burst: 20}]",
        CLIENT
        + "rate_limits: [{name: a, per: client, limit: 5/s}, {name: b, limit: 50/s, burst: 60}]",
        # Routes that look alike and are not.
        "routes: [{name: a, match: {path: /a/*}}, {name: b, match: {path: /a/**}}]",
        "routes: [{name: a, match: {path: /a, method: GET}}, {name: b, match: {path: /a}}]",
        "routes: [{name: a, match: {path: /a, header: {x: '1'}}}, {name: b, match: {path: /a}}]",
        "routes: [{name: a, match: {path: [/a, /b]}}, {name: b, match: {path: [/a, /c]}}]",
        USER + "rate_limits: [{name: a, per: user, limit: 5/s}]",
        "trust: {callers: [10.0.0.0/8]}\nkeys: {user: {from: header, name: x-user}}",
        "keys: {host: {from: header, name: Host}}\nrate_limits: [{name: a, per: host, limit: 5/s}]",
    ],
)
def test_nothing_is_said_of_what_may_well_be_meant(text: str) -> None:
    assert _warnings(text) == []


@pytest.mark.parametrize(
    "text, code, shown",
    [
        ("trust: {callers: [0.0.0.0/0]}", "everybody-trusted", "0.0.0.0/0"),
        ("trust: {proxies: [10.0.0.0/8, '::/0']}", "everybody-trusted", "'::/0'"),
        ("keys: {user: {from: header, name: X-User}}", "nobody-trusted", "X-User"),
        ("keys: {auth: {from: header, name: Authorization}}", "removed-header", "Authorization"),
        (CLIENT, "unused", "client"),
        ("routes: [{name: a}, {name: b, match: {method: GET}}]", "never-fires", "b"),
        ("routes: [{name: a, match: {path: /a/**}}, {name: b, match: {path: /a/b/*}}]",
         "never-fires", "b"),
        (FIRST + "{name: b, match: {path: /b, method: PUT, query: {x: y}}}]", "never-fires", "b"),
        ("rate_limits: [{name: a, limit: 5/s, match: {method: FETCH}}]", "unusual-method", "FETCH"),
        ("rate_limits: [{name: a, limit: 5/s, burst: 301}]", "burst-above-limit", "301"),
        ("rate_limits: [{name: a, limit: 5/s}, {name: b, limit: 6/s}]", "shadowed-limit", "6/s"),
        ("rate_limits: [{name: b, limit: 6/s}, {name: a, limit: 5/s}]", "shadowed-limit", "6/s"),
        ("rate_limits: [{name: a, limit: 5/s}, {name: b, limit: 300/m}]", "shadowed-limit",
         "300/m"),
        (CLIENT + "rate_limits: [{name: a, per: client, limit: 9/s}, {name: b, limit: 9/s}]",
         "shadowed-limit", "9/s"),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant(text: str, code: str, shown: str) -> None:
    assert _warnings(text) == [(code, shown)]


def test_a_pair_of_keys_is_shadowed_by_either_of_them() -> None:
    keys = "keys: {client: {from: client.address}, page: {from: query, name: p}}\n"
    text = "rate_limits: [{name: a, per: client, limit: 5/s}, "
    text += "{name: b, per: [page, client], limit: 50/s}]"
    assert _warnings(keys + text) == [("shadowed-limit", "50/s")]


def test_an_address_that_is_open_to_everybody() -> None:
    start = START.replace("127.0.0.1:8080", "0.0.0.0:8080")
    assert _warnings("", start) == [("open-bind", '"0.0.0.0:8080"')]
    assert _warnings("trust: {}", start) == []
    assert _warnings("trust: {proxies: [10.0.0.0/8]}", start) == []


def test_upstreams_that_get_nothing() -> None:
    start = START.replace("}}\n", "}, spare: {url: 'http://127.0.0.1:9001'}}\n", 2)
    start = start.replace("}, spare: {url: 'http://127.0.0.1:9001'}}", "}}", 1)
    assert _warnings("", start) == [("unused", "spare")]
    assert _warnings("routes: [{name: a, upstream: spare}]", start) == []
    rule = "rate_limits: [{name: a, limit: 5/s, upstream: spare}]"
    assert _warnings(rule, start) == [("unused", "spare"), ("never-fires", "upstream")]
    assert _warnings(rule.replace("5/s,", "5/s, mode: disabled,"), start) == [("unused", "spare")]


def test_a_rule_for_a_route_that_goes_elsewhere() -> None:
    start = START.replace('9000"}}', "9000\"}, spare: {url: 'http://127.0.0.1:9001'}}")
    text = "routes: [{name: a, match: {path: /a}, upstream: spare}]\n"
    rule = "rate_limits: [{name: one, limit: 5/s, upstream: app, match: {route: ROUTE}}]"
    assert _warnings(text + rule.replace("ROUTE", "a"), start) == [("never-fires", "upstream")]
    assert _warnings(text + rule.replace("ROUTE", "other"), start) == []


def test_limits_that_others_are_always_reached_before() -> None:
    limits = "{request_line: 2KiB, header_bytes: 1KiB, connections: 5, connections_per_client: 6}"
    start = START.replace('8080"}', f'8080", limits: {limits}}}')
    assert _warnings("", start) == [("pointless-limit", "2KiB"), ("pointless-limit", "6")]


def test_a_limit_that_nobody_wrote_is_nobodys_mistake() -> None:
    start = START.replace('8080"}', '8080", limits: {header_bytes: 1KiB, connections: 5}}')
    assert _warnings("", start) == []


def test_tls_that_believes_anybody() -> None:
    start = START.replace('"http://127.0.0.1:9000"', "https://a, tls: {verify: false}")
    assert _warnings("", start) == [("unverified-tls", "verify")]
