from __future__ import annotations

import pytest

from sidecar.ruleset.document import load
from sidecar.ruleset.parts import salvage
from sidecar.ruleset.references import check_references
from sidecar.ruleset.screen import screen

START = """\
listeners: {inbound: {bind: "127.0.0.1:8080"}}
upstreams: {app: {url: "http://127.0.0.1:9000"}, reports: {url: "http://127.0.0.1:9001"}}
"""


def _found(text: str) -> list[tuple[str, str, str]]:
    document = load(START + text, "a")
    screened = screen(document)
    assert screened.diagnostics == []
    found = check_references(salvage(screened), document)
    return [(one.code, one.message, one.hint) for one in found]


def test_everything_declared() -> None:
    assert (
        _found("""\
keys: {client: {from: client.address}, user: {from: cookie, name: u, or: client}}
routes: [{name: pay, match: {path: /pay, user: x}, upstream: reports}]
rate_limits: [{name: a, limit: 5/s, per: user, upstream: app, match: {route: [pay, other]}}]
access: [{name: a, deny: {user: eve}}]
""")
        == []
    )


@pytest.mark.parametrize(
    "text, code, message, hint",
    [
        ("routes: [{name: a, upstream: repots}]", "unknown-upstream", "'repots'", "reports?"),
        ("rate_limits: [{name: a, limit: 5/s, upstream: x}]", "unknown-upstream", "'x'",
         "declared: app, reports"),
        ("rate_limits: [{name: a, limit: 5/s, per: user}]", "unknown-key", "'user'",
         "declare it in keys"),
        ("rate_limits: [{name: a, limit: bad, per: user}]", "unknown-key", "'user'",
         "declare it in keys"),
        ("keys: {a: {from: cookie, name: a, or: b}}", "unknown-key", "'b'", "declared: a"),
        ("rate_limits: [{name: a, limit: 5/s, match: {route: pay}}]", "unknown-route", "'pay'",
         "declare it in routes"),
        ("routes: [{name: a, match: {route: a}}]", "conflict", "by route", "by path"),
        ("routes: [{name: a}, {name: a}]", "duplicate-name", "two routes", "rename"),
        ("access: [{name: a, deny: {client_ip: ::1}}, {name: a, deny: {client_ip: ::2}}]",
         "duplicate-name", "(first on line 3)", "rename"),
        ("keys: {route: {from: client.address}}", "reserved-name", "'route'", "route-key"),
        ("keys: {priority: {from: client.address}}", "reserved-name", "'priority'", "priority-key"),
        ("keys: {client_ip: {from: query, name: ip}}", "reserved-name", "client_ip", "rename"),
        ("routes: [{name: other}]", "reserved-name", "no route matches", "rename"),
        ("keys: {a: {from: cookie, name: a, or: a}}", "key-cycle", "a → a", "default"),
    ],
)  # fmt: skip
def test_what_means_nothing_or_two_things(text: str, code: str, message: str, hint: str) -> None:
    ((found_code, found_message, found_hint),) = _found(text)
    assert found_code == code
    assert message in found_message
    assert hint in found_hint


def test_one_name_may_stand_in_two_kinds() -> None:
    text = "access: [{name: a, deny: {client_ip: ::1}}]\nrate_limits: [{name: a, limit: 5/s}]\n"
    assert _found(text) == []


def test_the_key_client_ip_may_be_the_address_of_the_client() -> None:
    assert _found("keys: {client_ip: {from: client.address}}") == []


def test_a_circle_is_told_once_and_what_leads_into_it_not_at_all() -> None:
    found = _found("""\
keys:
  a: {from: cookie, name: a, or: b}
  b: {from: cookie, name: b, or: c}
  c: {from: cookie, name: c, or: b}
  d: {from: cookie, name: d, or: c}
""")
    assert [(code, message) for code, message, _ in found] == [
        ("key-cycle", "these keys stand in for each other: b → c → b")
    ]


def test_a_row_of_stand_ins_is_bounded() -> None:
    def keys(count: int) -> str:
        row = [f"  k{i}: {{from: cookie, name: k, or: k{i + 1}}}\n" for i in range(count)]
        return "keys:\n" + "".join(row) + f"  k{count}: {{from: client.address}}\n"

    assert _found(keys(8)) == []
    for count in (9, 3000):
        ((code, message, _),) = _found(keys(count))
        assert code == "key-cycle"
        assert message == f"more than 8 keys stand in for 'k{count - 9}' in a row"


def test_the_default_upstream_of_the_listener_must_be_there() -> None:
    text = 'listeners: {inbound: {bind: "127.0.0.1:8080"}}\nupstreams: {ap: {url: "http://a:1"}}\n'
    document = load(text, "a")
    (found,) = check_references(salvage(screen(document)), document)
    assert (found.code, found.line, found.hint) == ("unknown-upstream", 1, "did you mean ap?")
