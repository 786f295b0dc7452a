"""Which route a request takes, and which rules hold for it, from either side."""

from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.ruleset.check import check
from sidecar.ruleset.directions import own_hosts
from sidecar.ruleset.routes import Route, RuleSet
from sidecar.ruleset.surroundings import Surroundings, Wrapped
from tests.ruleset.compiled import FOLDER, checked, compiled, count_anything, request

TEXT = """\
format: sidecar/v1
service: shop
listeners:
  inbound: {bind: 127.0.0.1:8080}
  outbound: {bind: 127.0.0.1:15001, limits: {connections: 7}, keep_alive: 3s}
upstreams:
  app: {url: http://127.0.0.1:9000}
  inventory:
    url: http://10.0.0.5:8080
    local: 127.0.0.1:15011
    timeouts: {request: 5s, per_try: 2s}
  coupon: {url: http://10.0.0.6:8080}
routes:
  - {name: orders, match: {path: /orders}}
  - {name: stock, match: {path: /skus/*}, upstream: inventory}
  - {name: slow-stock, match: {path: /reports}, upstream: inventory, timeouts: {request: 1m}}
timeouts: {request: 10s, idle: 9s}
rate_limits:
  - {name: arriving, limit: 1/s}
  - {name: to-inventory, upstream: inventory, limit: 1/s}
  - {name: to-stock, upstream: inventory, match: {route: stock}, limit: 1/s}
  - {name: to-coupon, upstream: coupon, limit: 1/s}
"""


def calling(host: str, path: str = "/") -> RequestHead:
    asked = request(path)
    asked.host = host.encode()
    return asked


def route(rules: RuleSet, listener: str, asked: RequestHead) -> Route:
    return rules.listener(listener).find_route(asked)


def governed_by(found: Route) -> list[str]:
    return [step.rule.name for step in found.chain.enforced]


@pytest.mark.parametrize(
    "listener, host, path, name, upstream, rules",
    [
        ("inbound", "shop", "/", "other", "app", ["arriving"]),
        ("inbound", "inventory", "/", "other", "app", ["arriving"]),
        ("inbound", "shop", "/orders", "orders", "app", ["arriving"]),
        ("inbound", "shop", "/skus/1", "stock", "inventory",
         ["arriving", "to-inventory", "to-stock"]),
        ("outbound", "inventory", "/skus/1", "stock", "inventory", ["to-inventory", "to-stock"]),
        ("outbound", "inventory", "/orders", "other", "inventory", ["to-inventory"]),
        ("outbound", "10.0.0.5:8080", "/reports", "slow-stock", "inventory", ["to-inventory"]),
        ("outbound", "coupon", "/skus/1", "other", "coupon", ["to-coupon"]),
        ("outbound", "app", "/orders", "other", "app", []),
        ("local/inventory", "127.0.0.1:15011", "/skus/1", "stock", "inventory",
         ["to-inventory", "to-stock"]),
        ("local/inventory", "coupon", "/", "other", "inventory", ["to-inventory"]),
    ],
)  # fmt: skip
def test_where_a_request_goes(
    listener: str, host: str, path: str, name: str, upstream: str, rules: list[str]
) -> None:
    found = route(compiled(TEXT), listener, calling(host, path))
    assert (found.name, found.cluster.name) == (name, upstream)
    assert governed_by(found) == rules


def test_what_the_upstream_says_of_time_stands_between_route_and_file() -> None:
    rules = compiled(TEXT)
    by_upstream = route(rules, "outbound", calling("inventory")).timeouts
    assert (by_upstream.request, by_upstream.per_try, by_upstream.idle) == (5, 2, 9)
    by_route = route(rules, "outbound", calling("inventory", "/reports")).timeouts
    assert (by_route.request, by_route.per_try, by_route.idle) == (60, 2, 9)
    arriving = route(rules, "inbound", calling("shop", "/skus/1")).timeouts
    assert (arriving.request, arriving.per_try) == (5, 2)
    by_file = route(rules, "outbound", calling("coupon")).timeouts
    assert (by_file.request, by_file.per_try) == (10, 10)


@pytest.mark.parametrize("host", ["elsewhere", "elsewhere:8080", ""])
def test_a_host_that_is_no_upstream_s_is_refused(host: str) -> None:
    found = route(compiled(TEXT), "outbound", calling(host))
    assert governed_by(found) == ["outbound"]
    assert found.cluster.name == ""


def test_or_let_through_without_any_rule() -> None:
    rules = compiled(TEXT.replace("limits: {connections: 7}", "others: pass"))
    found = route(rules, "outbound", calling("elsewhere"))
    assert governed_by(found) == []
    assert found.cluster in {*rules.all_clusters()}
    assert found.timeouts.request == 10


def test_what_is_kept_for_other_hosts_outlives_a_reload() -> None:
    text = TEXT.replace("limits: {connections: 7}", "others: pass")
    before = compiled(text)
    found = route(before, "outbound", calling("elsewhere"))
    after = compiled(text, before)
    assert route(after, "outbound", calling("elsewhere")).cluster is found.cluster
    assert compiled(TEXT, after).strangers is None


def test_one_client_may_have_every_connection_of_an_outbound_listener() -> None:
    rules = compiled(TEXT)
    for name in ("outbound", "local/inventory"):
        listener = rules.listener(name)
        assert listener.limits.connections == listener.limits.connections_per_client == 7
        assert listener.keep_alive == 3


def test_a_local_port_tells_the_upstream_its_own_host() -> None:
    rules = compiled(TEXT)
    local = rules.listener("local/inventory")
    assert local.authority == b"10.0.0.5:8080"
    assert local.keeps_host(b"Inventory:80")
    assert not local.keeps_host(b"127.0.0.1:15011")
    assert not local.keeps_host(b"coupon")
    assert rules.listener("outbound").authority == b""


def test_around_a_service_every_upstream_but_itself_has_a_port() -> None:
    given = Surroundings(FOLDER, count_anything, wrapped=Wrapped(port=9123))
    rules = compiled(TEXT, surroundings=given)
    assert [*rules.listeners] == ["inbound", "outbound", "local/inventory", "local/coupon"]


def test_a_listener_that_the_rules_know_nothing_of_serves_nobody() -> None:
    rules = compiled(TEXT)
    with pytest.raises(Exception, match="misdirected"):
        route(rules, "local/gone", calling("inventory"))


def test_where_the_sidecar_itself_is_reached() -> None:
    text = TEXT.replace("bind: 127.0.0.1:8080", "bind: 0.0.0.0:8080")
    text += "telemetry: {prometheus: {bind: 10.0.0.1:9464}}\ntrust: {}\n"
    text += "admin: {bind: 127.0.0.1:9901, token: {file: token}}\n"
    file = checked(text).file
    assert file is not None
    ours = {*own_hosts(file)}
    assert (b"localhost", b"8080") in ours
    assert (b"::1", b"15011") in ours
    assert (b"10.0.0.1", b"9464") in ours
    assert (b"localhost", b"9464") not in ours
    assert (b"127.0.0.1", b"9901") in ours


def test_with_an_outbound_listener_no_upstream_is_unused() -> None:
    found = check(TEXT, "shop.yaml").diagnostics
    assert [one.message for one in found] == []


@pytest.mark.parametrize(
    "side, arriving, called",
    [
        ("", "stock inventory", "stock inventory"),
        (", listener: outbound", "other app", "stock inventory"),
        (", listener: inbound", "stock inventory", "other inventory"),
    ],
)
def test_a_route_may_be_for_one_side_alone(side: str, arriving: str, called: str) -> None:
    text = TEXT.replace(
        "path: /skus/*}, upstream: inventory", f"path: /skus/*}}, upstream: inventory{side}"
    )
    # The rule that names the route governs calls alone.
    rules = compiled(text)
    found = [
        route(rules, listener, calling("inventory", "/skus/1"))
        for listener in ("inbound", "outbound")
    ]
    assert [f"{one.name} {one.cluster.name}" for one in found] == [arriving, called]
