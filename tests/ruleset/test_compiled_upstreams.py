"""Upstreams of a rule file: where they are, and which connections outlive a reload."""

from __future__ import annotations

import pytest

from sidecar.cluster.balancer import Balancer, LeastRequest
from sidecar.cluster.endpoint import EndpointAddress, UpstreamTls
from sidecar.cluster.pool import PoolSettings
from tests.ruleset.compiled import compiled, rule_file


def test_addresses_pools_and_balancers_of_an_upstream() -> None:
    upstreams = """
  app: {url: "http://[::1]:9000"}
  sockets:
    targets: ["unix:run/a.sock", "unix:/run/b.sock", "10.0.0.5:80"]
    balance: least_request
    pool: {max_connections: 3, max_pending: 4, connect_timeout: 250ms, idle: 2s, age: 5m}
"""
    rest = "routes: [{name: all, match: {path: /s/**}, upstream: sockets}]\n"
    rules = compiled(rule_file(rest, upstreams=upstreams))
    (app,) = rules.clusters["app"].endpoints
    assert (app.address, app.tls) == (EndpointAddress("::1", 9000), None)
    assert app.pool.settings == PoolSettings()
    assert type(rules.clusters["app"].balancer) is Balancer
    sockets = rules.clusters["sockets"]
    assert type(sockets.balancer) is LeastRequest
    assert [one.name for one in sockets.endpoints] == [
        "unix:/etc/shop/run/a.sock",
        "unix:/run/b.sock",
        "10.0.0.5:80",
    ]
    assert {one.pool.settings for one in sockets.endpoints} == {
        PoolSettings(max_connections=3, max_pending=4, connect_timeout=0.25, idle=2.0, age=300.0)
    }


@pytest.mark.parametrize(
    "upstream, tls",
    [
        ("{url: http://app.internal}", None),
        ("{url: https://app.internal}", UpstreamTls("app.internal")),
        ("{url: https://app.internal, tls: {server_name: shop}}", UpstreamTls("shop")),
        ("{targets: ['10.0.0.5:443'], tls: {}}", UpstreamTls("10.0.0.5")),
        (
            "{url: https://app.internal, tls: {ca: ca.pem, cert: /c.pem, key: ../k.pem}}",
            UpstreamTls("app.internal", "/etc/shop/ca.pem", "/c.pem", "/etc/shop/../k.pem"),
        ),
        (
            "{url: https://app.internal, tls: {verify: false}}",
            UpstreamTls("app.internal", verify=False),
        ),
    ],
)
def test_tls_towards_an_upstream(upstream: str, tls: UpstreamTls | None) -> None:
    rules = compiled(rule_file(upstreams=f"{{app: {upstream}}}"))
    (endpoint,) = rules.clusters["app"].endpoints
    assert endpoint.tls == tls


KEPT = "{url: https://app.internal, tls: {ca: ca.pem}, pool: {idle: 5s}}"


@pytest.mark.parametrize(
    "changed, kept",
    [
        (KEPT, True),
        (KEPT.replace("ca: ca.pem", "ca: /etc/shop/ca.pem"), True),
        (KEPT.replace("url: https://app.internal", "targets: ['app.internal:443']"), True),
        (KEPT.replace("pool:", "balance: least_request, pool:"), True),
        (KEPT.replace("https://app.internal", "https://app.internal:444"), False),
        (KEPT.replace("app.internal", "web.internal"), False),
        (KEPT.replace("idle: 5s", "idle: 6s"), False),
        (KEPT.replace("idle: 5s", "max_connections: 7"), False),
        (KEPT.replace("ca.pem", "new.pem"), False),
        (KEPT.replace("ca: ca.pem", "ca: ca.pem, verify: false"), False),
        ("{url: http://app.internal:443, pool: {idle: 5s}}", False),
    ],
)
def test_an_endpoint_keeps_its_connections_as_long_as_it_is_the_same(
    changed: str, kept: bool
) -> None:
    before = compiled(rule_file(upstreams=f"{{app: {KEPT}}}"))
    (endpoint,) = before.clusters["app"].endpoints
    after = compiled(rule_file("# changed\n", upstreams=f"{{app: {changed}}}"), before)
    assert (after.clusters["app"].endpoints == (endpoint,)) is kept
    assert after.clusters["app"] is not before.clusters["app"]


def test_endpoints_are_kept_one_by_one() -> None:
    def targets(*addresses: str) -> str:
        return rule_file(upstreams=f"{{app: {{targets: {list(addresses)}}}}}")

    before = compiled(targets("10.0.0.1:80", "10.0.0.2:80"))
    after = compiled(targets("10.0.0.3:80", "10.0.0.2:80"), before)
    last = compiled(targets("10.0.0.1:80", "10.0.0.3:80"), after)
    one, two = before.clusters["app"].endpoints
    three, again = after.clusters["app"].endpoints
    assert again is two
    assert three not in (one, two)
    assert last.clusters["app"].endpoints[1] is three
    # What was gone for a while comes back without the connections of old.
    assert last.clusters["app"].endpoints[0] is not one


def test_an_upstream_of_another_name_has_connections_of_its_own() -> None:
    before = compiled(rule_file())
    renamed = rule_file(
        inbound="{bind: 127.0.0.1:8080, to: web}", upstreams="{web: {url: http://127.0.0.1:9000}}"
    )
    after = compiled(renamed, before)
    assert after.clusters["web"].endpoints != before.clusters["app"].endpoints
