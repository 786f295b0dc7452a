"""Whole rule files, from their text to what the data path uses."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.networks import address_number
from sidecar.model.http import RequestHead
from sidecar.model.policy import Mode, Rule, Stage
from sidecar.ruleset.routes import DecisionCount, ListenerLimits, ListenerRules, Timeouts
from sidecar.wire.head import HeadLimits
from sidecar.wire.names import Kind
from tests.ruleset.compiled import (
    Count,
    chain_of,
    compiled,
    enforced,
    refusal,
    request,
    route_of,
    rule_file,
    shadow,
)


def test_the_smallest_file_has_safe_defaults() -> None:
    rules = compiled(rule_file())
    assert rules.service == "shop"
    assert rules.listeners == {"inbound": ListenerRules()}
    assert list(rules.routes) == ["other"]
    assert rules.routes["other"].timeouts == Timeouts()
    assert rules.routes["other"].cluster is rules.clusters["app"]
    assert (rules.policies, enforced(rules, request()), shadow(rules, request())) == ({}, [], [])
    assert not rules.trust.proxies
    assert not rules.trust.callers
    assert (rules.trust.unix_is_proxy, rules.trust.unix_is_caller) == (False, False)
    assert (rules.trust.disclose, rules.trust.keep_escaped_slash) == ("id", False)


# --- the version


def test_the_version_tells_texts_apart_and_nothing_else() -> None:
    text = rule_file()
    version = compiled(text).version
    assert compiled(text, compiled(text), folder=PurePosixPath("/elsewhere")).version == version
    assert compiled(f"{text}# a remark\n").version != version
    assert len(version) == 12


# --- routes, upstreams, timeouts

ROUTES = rule_file(
    upstreams="{app: {url: http://127.0.0.1:9000}, search: {url: http://127.0.0.1:9100}}",
    rest="""
routes:
  - {name: writes, match: {method: [POST, PUT]}, timeouts: {idle: 5s}}
  - {name: search, match: {path: /search/**}, upstream: search, timeouts: {request: 3s}}
  - {name: slow, match: {path: /reports/*}, timeouts: {request: 2m, per_try: 50s}}
""",
)


@pytest.mark.parametrize(
    "asked, name, upstream, timeouts",
    [
        (request("/"), "other", "app", Timeouts(20.0, 8.0, 30.0)),
        (request("/search/a", method="POST"), "writes", "app", Timeouts(20.0, 8.0, 5.0)),
        # One try takes no longer than the whole request, however the file is put together.
        (request("/search/a"), "search", "search", Timeouts(3.0, 3.0, 30.0)),
        (request("/reports/7"), "slow", "app", Timeouts(120.0, 50.0, 30.0)),
    ],
)
def test_a_route_has_an_upstream_and_timeouts_of_its_own_or_those_of_all(
    asked: RequestHead, name: str, upstream: str, timeouts: Timeouts
) -> None:
    rules = compiled(f"{ROUTES}timeouts: {{request: 20s, per_try: 8s, idle: 30s}}\n")
    route = route_of(rules, asked)
    assert (route.name, route.cluster.name, route.timeouts) == (name, upstream, timeouts)
    assert rules.routes[name] is route
    assert rules.clusters[upstream] is route.cluster


def test_what_no_file_says_about_timeouts_is_as_documented() -> None:
    timeouts = compiled(ROUTES).routes["slow"].timeouts
    assert timeouts == Timeouts(request=120.0, per_try=50.0, idle=60.0)
    common = compiled(rule_file("timeouts: {request: 4s}\n")).routes["other"].timeouts
    assert common == Timeouts(request=4.0, per_try=4.0, idle=60.0)


def test_the_listener_says_where_everything_else_goes() -> None:
    upstreams = "{app: {url: http://127.0.0.1:9000}, web: {url: http://127.0.0.1:9100}}"
    inbound = "{bind: 127.0.0.1:8080, to: web}"
    rest = "routes: [{name: api, match: {path: /api/**}, upstream: app}]\n"
    rules = compiled(rule_file(rest, upstreams=upstreams, inbound=inbound))
    assert route_of(rules, request("/x")).cluster.name == "web"
    assert route_of(rules, request("/api/x")).cluster.name == "app"


# --- what holds for a request


def test_rules_are_asked_by_stage_and_within_a_stage_as_written() -> None:
    rules = compiled(
        rule_file("""
keys: {client: {from: client.address}}
rate_limits:
  - {name: all, limit: 100/s}
  - {name: each, limit: 5/s, per: client}
  - {name: all-slowly, limit: 1000/m}
  - {name: each-slowly, limit: 60/m, per: client}
access:
  - {name: second, allow: {client_ip: 10.0.0.0/8}}
  - {name: first, deny: {client_ip: 10.0.0.1}}
""")
    )
    assert enforced(rules, request()) == [
        "access/second",
        "access/first",
        "rate_limits/each",
        "rate_limits/each-slowly",
        "rate_limits/all",
        "rate_limits/all-slowly",
    ]


_LINES = {
    Stage.ACCESS: "deny: {client_ip: 10.0.0.1}",
    Stage.KEYED_LIMIT: "limit: 5/s, per: client",
    Stage.SHARED_LIMIT: "limit: 5/s",
}


@given(st.lists(st.tuples(st.sampled_from(list(_LINES)), st.sampled_from(Mode)), max_size=12))
def test_order_is_the_same_whatever_the_modes(drawn: list[tuple[Stage, Mode]]) -> None:
    sections: dict[str, list[str]] = {"access": [], "rate_limits": []}
    expected: list[tuple[Stage, str, Mode]] = []
    for number, (stage, mode) in enumerate(drawn):
        kind = "access" if stage is Stage.ACCESS else "rate_limits"
        sections[kind].append(f"  - {{name: r{number}, mode: {mode.value}, {_LINES[stage]}}}\n")
        expected.append((stage, f"{kind}/r{number}", mode))
    expected.sort(key=lambda one: one[0])
    text = "".join(f"{kind}:\n{''.join(lines)}" for kind, lines in sections.items() if lines)
    rules = compiled(rule_file(f"keys: {{client: {{from: client.address}}}}\n{text}"))
    assert enforced(rules, request()) == [
        name for _, name, mode in expected if mode is Mode.ENFORCE
    ]
    assert shadow(rules, request()) == [name for _, name, mode in expected if mode is Mode.SHADOW]


def test_a_disabled_rule_is_as_if_it_were_not_there() -> None:
    asked: list[str] = []

    def count_of(rule: Rule) -> DecisionCount:
        asked.append(rule.name)
        return Count()

    text = rule_file("""
access:
  - {name: off, mode: disabled, deny: {client_ip: 192.0.2.1}}
  - {name: on, deny: {client_ip: 192.0.2.2}}
""")
    rules = compiled(text, count_of=count_of)
    assert refusal(rules, request(client="192.0.2.1"), 0.0) == ""
    assert refusal(rules, request(client="192.0.2.2"), 0.0) == "access_denied"
    assert list(rules.policies) == [("access", "on")]
    assert asked == ["on"]


def test_a_rule_in_shadow_refuses_nobody_and_is_counted() -> None:
    counts: dict[str, Count] = {}

    def count_of(rule: Rule) -> DecisionCount:
        return counts.setdefault(f"{rule.kind}/{rule.name}/{rule.mode.value}", Count())

    text = rule_file("""
access: [{name: nobody, mode: shadow, deny: {client_ip: 0.0.0.0/0}}]
rate_limits: [{name: one, limit: 1/m, burst: 1}]
""")
    rules = compiled(text, count_of=count_of)
    assert [refusal(rules, request(), 0.0) for _ in range(3)] == ["", *["rate_limited"] * 2]
    # Further up in the chain: it would have seen the refused ones too.
    assert counts == {
        "access/nobody/shadow": Count(refused=3),
        "rate_limits/one/enforce": Count(admitted=1, refused=2),
    }


def test_a_rule_knows_the_line_it_came_from() -> None:
    text = rule_file("""\
access:
  - name: nobody
    deny: {client_ip: 10.0.0.1}
    labels: {team: web, area: shop}
    why: "They asked for it."
""")
    (step,) = chain_of(compiled(text), request()).enforced
    labels = (("area", "shop"), ("team", "web"))
    why = "They asked for it."
    assert step.rule == Rule("access", "nobody", Mode.ENFORCE, "shop.yaml:6", why, labels)


def test_a_rule_with_an_upstream_governs_what_goes_there() -> None:
    rules = compiled(
        ROUTES
        + """
access: [{name: search-alone, upstream: search, deny: {client_ip: 192.0.2.1}}]
rate_limits:
  - {name: both, upstream: [app, search], limit: 5/s}
  - {name: app-alone, upstream: app, limit: 5/s}
  - {name: arrivals, limit: 5/s}
"""
    )
    found = ["rate_limits/both", "rate_limits/app-alone", "rate_limits/arrivals"]
    assert enforced(rules, request("/")) == found
    assert enforced(rules, request("/search/a", method="PUT")) == found
    assert enforced(rules, request("/search/a")) == [
        "access/search-alone",
        "rate_limits/both",
        "rate_limits/arrivals",
    ]


def test_a_rule_may_hold_for_some_routes_and_for_the_rest_by_name() -> None:
    limits = "rate_limits: [{name: some, limit: 5/s, match: {route: [search, other]}}]\n"
    rules = compiled(ROUTES + limits)
    assert enforced(rules, request("/search/a")) == ["rate_limits/some"]
    assert enforced(rules, request("/elsewhere")) == ["rate_limits/some"]
    assert enforced(rules, request("/reports/a")) == []


def test_what_is_left_of_a_match_is_tested_for_each_request() -> None:
    rules = compiled(
        rule_file("""
keys: {plan: {from: header, name: x-plan, believe: anyone}}
rate_limits:
  - {name: free, limit: 1/m, burst: 1, match: {method: POST, plan: free, path: /buy/**}}
""")
    )
    free = request("/buy/a", method="POST", x_plan="free")
    assert [refusal(rules, free, 0.0) for _ in range(2)] == ["", "rate_limited"]
    for other in (
        request("/buy/a", method="GET", x_plan="free"),
        request("/buy/a", method="POST", x_plan="paid"),
        request("/buy/a", method="POST"),
        request("/sell/a", method="POST", x_plan="free"),
    ):
        assert refusal(rules, other, 0.0) == ""


@pytest.mark.parametrize(
    "path, holding",
    [
        ("/admin/a", ["access/closed", "rate_limits/slow"]),
        ("/other", []),
        ("/admins", []),
        ("//admin/a", ["access/closed"]),
        ("/%61dmin", ["access/closed"]),
        ("/admin%2Fa", ["access/closed"]),
        ("/admin;x/a", ["access/closed"]),
        ("/x/..;y/admin", ["access/closed"]),
        ("/other//admin/a", []),
    ],
)
def test_access_holds_for_every_reading_of_a_path_and_limits_for_the_one_forwarded(
    path: str, holding: list[str]
) -> None:
    rules = compiled(
        rule_file("""
access: [{name: closed, deny: {client_ip: 192.0.2.1}, match: {path: /admin/**}}]
rate_limits: [{name: slow, limit: 1/m, match: {path: /admin/**}}]
""")
    )
    assert enforced(rules, request(path)) == holding


# --- listeners, trust, fields


def test_what_a_listener_asks_of_clients() -> None:
    inbound = """{
      bind: 127.0.0.1:8080, keep_alive: 5s, probes: [/healthz, /caf\u00e9, /a%c3%a9],
      limits: {request_line: 1KiB, header_bytes: 2KiB, header_count: 3, body: 4MiB,
        head_within: 5s, body_rate: 6B/s, connections: 7, connections_per_client: 2}}"""
    rules = compiled(rule_file(inbound=inbound))
    assert rules.listeners == {
        "inbound": ListenerRules(
            limits=ListenerLimits(
                head=HeadLimits(1024, 2048, 3),
                body=4 << 20,
                head_within=5.0,
                body_rate=6.0,
                connections=7,
                connections_per_client=2,
            ),
            keep_alive=5.0,
            probes=frozenset({b"/healthz", b"/caf%C3%A9", b"/a%C3%A9"}),
        )
    }


def test_no_rule_holds_for_probes() -> None:
    inbound = "{bind: 127.0.0.1:8080, probes: /healthz}"
    rest = "access: [{name: nobody, deny: {client_ip: 0.0.0.0/0}}]\n"
    rules = compiled(rule_file(rest, inbound=inbound))
    assert (rules.probe_chain.enforced, rules.probe_chain.shadow) == ((), ())
    assert refusal(rules, request("/healthz/x"), 0.0) == "access_denied"


def test_whom_we_believe_and_what_we_tell() -> None:
    text = """
trust:
  proxies: [10.0.0.0/8, unix]
  callers: [192.0.2.7]
  disclose: rule
  paths: {escaped_slash: keep}
"""
    trust = compiled(rule_file(text)).trust
    assert trust.proxies.contains(address_number(b"10.1.2.3"))
    assert not trust.proxies.contains(address_number(b"192.0.2.7"))
    assert trust.callers.contains(address_number(b"192.0.2.7"))
    assert not trust.callers.contains(address_number(b"10.1.2.3"))
    assert (trust.unix_is_proxy, trust.unix_is_caller) == (True, False)
    assert (trust.disclose, trust.keep_escaped_slash) == ("rule", True)
    assert compiled(rule_file("trust: {callers: [unix]}\n")).trust.unix_is_caller


def test_identity_fields_are_kept_from_those_whom_nobody_believes() -> None:
    rules = compiled(
        rule_file("""
trust: {callers: [10.0.0.0/8]}
keys:
  user: {from: header, name: X-User}
  tool: {from: header, name: user-agent, believe: anyone}
rate_limits:
  - {name: a, limit: 1/s, per: [user, tool], match: {header: {X-Canary: "1"}}}
""")
    )
    kinds = {
        name: (rules.names_believed[name], rules.names_unbelieved[name])
        for name in (b"X-USER", b"User-Agent", b"x-canary", b"x-other")
    }
    assert kinds == {
        b"X-USER": (Kind.WATCHED, Kind.HOP_BY_HOP),
        b"User-Agent": (Kind.WATCHED, Kind.WATCHED),
        b"x-canary": (Kind.WATCHED, Kind.WATCHED),
        b"x-other": (Kind.PLAIN, Kind.PLAIN),
    }
