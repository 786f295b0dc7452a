"""An address with its connections, and a group of them."""

from __future__ import annotations

import pytest

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress, UpstreamTls
from sidecar.cluster.pool import PoolSettings

ADDRESS = EndpointAddress("10.0.0.1", 80)
POOL = PoolSettings()


@pytest.mark.parametrize("address, name, authority", [
    (EndpointAddress("10.0.0.1", 80), "10.0.0.1:80", b"10.0.0.1:80"),
    (EndpointAddress("shop.example", 8080), "shop.example:8080", b"shop.example:8080"),
    (EndpointAddress("2a00::1", 80), "[2a00::1]:80", b"[2a00::1]:80"),
    (EndpointAddress(path="/run/app.sock"), "unix:/run/app.sock", b"localhost"),
])  # fmt: skip
def test_an_endpoint_is_named_by_its_address(
    address: EndpointAddress, name: str, authority: bytes
) -> None:
    endpoint = Endpoint(address, None, POOL)
    assert (endpoint.name, endpoint.authority, endpoint.in_flight) == (name, authority, 0)


@pytest.mark.parametrize("address, tls, settings, same", [
    (EndpointAddress("10.0.0.1", 80), UpstreamTls("a"), PoolSettings(), True),
    (EndpointAddress("10.0.0.2", 80), UpstreamTls("a"), PoolSettings(), False),
    (EndpointAddress("10.0.0.1", 81), UpstreamTls("a"), PoolSettings(), False),
    (EndpointAddress("10.0.0.1", 80), None, PoolSettings(), False),
    (EndpointAddress("10.0.0.1", 80), UpstreamTls("b"), PoolSettings(), False),
    (EndpointAddress("10.0.0.1", 80), UpstreamTls("a", verify=False), PoolSettings(), False),
    (EndpointAddress("10.0.0.1", 80), UpstreamTls("a"), PoolSettings(idle=1), False),
])  # fmt: skip
def test_an_endpoint_stays_over_a_reload_that_changes_nothing_of_it(
    address: EndpointAddress, tls: UpstreamTls | None, settings: PoolSettings, *, same: bool
) -> None:
    assert Endpoint(ADDRESS, UpstreamTls("a"), POOL).serves(address, tls, settings) == same


def cluster(size: int) -> Cluster:
    endpoints = [Endpoint(EndpointAddress("10.0.0.1", port), None, POOL) for port in range(size)]
    return Cluster("app", tuple(endpoints), Balancer())


def test_a_cluster_picks_in_turn_and_first_what_was_not_tried() -> None:
    group = cluster(3)
    a, b, c = group.endpoints
    assert [group.pick(), group.pick(), group.pick(), group.pick()] == [a, b, c, a]
    assert group.pick((a, b)) is c
    assert {group.pick((a,)) for _ in range(4)} == {b, c}
    assert {group.pick((a, b, c)) for _ in range(6)} == {a, b, c}


def test_the_only_endpoint_is_picked_whatever_was_tried() -> None:
    group = cluster(1)
    assert group.pick() is group.pick(group.endpoints) is group.endpoints[0]


def test_of_no_endpoints_none_is_picked() -> None:
    assert cluster(0).pick() is None
