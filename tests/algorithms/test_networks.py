"""Sets of networks against the standard library's, asked one network after the other."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import inf

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.algorithms.networks import (
    NO_ADDRESS,
    DatedNetworks,
    Networks,
    address_number,
    ranges,
)

MAPPED = IPv6Network("::ffff:0:0/96")

# Few enough bits at the edges of the space that networks overlap, touch and enclose each other.
v4_numbers = st.one_of(
    st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(2**32 - 40, 2**32 - 1)
)
v6_numbers = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(0, 40),
    st.integers(2**128 - 40, 2**128 - 1),
    st.integers(int(MAPPED[0]) - 40, int(MAPPED[0]) + 40),
    st.integers(int(MAPPED[-1]) - 40, int(MAPPED[-1]) + 40),
)
v4_addresses = v4_numbers.map(IPv4Address)
v6_addresses = v6_numbers.map(IPv6Address)
v4_networks = st.builds(
    lambda number, prefix: IPv4Network((number, prefix), strict=False),
    v4_numbers,
    st.integers(0, 32),
)
v6_networks = st.builds(
    lambda number, prefix: IPv6Network((number, prefix), strict=False),
    v6_numbers,
    st.integers(0, 128),
)
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def plainly_contains(networks: list[Network], address: Address) -> bool:
    """What an admin means, by the standard library: a mapped address is an IPv4 address."""
    plain = getattr(address, "ipv4_mapped", None) or address
    for network in networks:
        if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
            first = network.network_address.ipv4_mapped
            if plain in IPv4Network((int(first or 0), network.prefixlen - 96)):
                return True
        elif plain in network:
            return True
    return False


@given(
    networks=st.lists(st.one_of(v4_networks, v6_networks), max_size=12),
    address=st.one_of(v4_addresses, v6_addresses),
)
@example(networks=[IPv6Network("::/80")], address=IPv4Address("0.0.0.0"))
@example(networks=[IPv6Network("::/0"), MAPPED], address=IPv4Address("10.0.0.1"))
def test_contains_what_the_standard_library_contains(
    networks: list[Network], address: Address
) -> None:
    number = address_number(str(address).encode())
    assert Networks(networks).contains(number) is plainly_contains(networks, address)


@given(
    networks=st.lists(
        st.builds(
            lambda number, prefix: IPv4Network((number, prefix), strict=False),
            st.integers(0, 63),
            st.integers(26, 32),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_networks_that_touch_and_enclose_each_other(networks: list[IPv4Network]) -> None:
    compiled = Networks(networks)
    for number in range(70):
        expected = any(IPv4Address(number) in network for network in networks)
        assert compiled.contains(address_number(str(IPv4Address(number)).encode())) is expected


@given(network=st.one_of(v4_networks, v6_networks.filter(lambda one: one.prefixlen >= 96)))
def test_every_edge_of_a_network_is_where_it_says(network: Network) -> None:
    networks = Networks([network])
    first, last = network[0], network[-1]
    assert networks.contains(address_number(str(first).encode()))
    assert networks.contains(address_number(str(last).encode()))
    for outside in (int(first) - 1, int(last) + 1):
        if 0 <= outside < 2**network.max_prefixlen:
            neighbour = type(first)(outside)
            assert not networks.contains(address_number(str(neighbour).encode()))


@given(address=v4_addresses)
def test_ipv4_is_numbered_as_ipv4_mapped(address: IPv4Address) -> None:
    number = address_number(str(address).encode())
    assert number == int(IPv6Address(f"::ffff:{address}"))
    assert number == address_number(b"::ffff:" + str(address).encode())


@given(address=v6_addresses)
def test_ipv6_is_numbered_as_it_is(address: IPv6Address) -> None:
    assert address_number(str(address).encode()) == int(address)
    assert address_number(address.exploded.encode()) == int(address)


address_like = st.one_of(
    st.binary(max_size=20),
    st.text("0123456789.", max_size=17).map(str.encode),
    st.text("0123456789abcdefABCDEF:.%x/", max_size=42).map(str.encode),
    st.lists(st.integers(0, 300), min_size=3, max_size=5).map(
        lambda octets: ".".join(map(str, octets)).encode()
    ),
)


@given(text=address_like)
def test_is_an_address_when_the_standard_library_says_so(text: bytes) -> None:
    try:
        expected: Address | None = ip_address(text.decode("ascii"))
    except ValueError:
        expected = None
    number = address_number(text)
    if expected is None:
        assert number == NO_ADDRESS
    else:
        assert number == int(expected) + (0xFFFF << 32 if expected.version == 4 else 0)


@pytest.mark.parametrize(
    "text",
    [b"", b"unix", b"10.0.0", b"10.0.0.0.1", b"10.0.0.256", b"010.0.0.1", b"10.0.0.00",
     b"10.0.0.-1", b"10.0.0.1 ", b"10.0.0.1:80", b"10..0.1", b"0x7f.0.0.1", b"2130706433",
     b"[::1]", b"::1/128", b":::", b"10.0.0.\xb2", b"::ffff:10.0.0.1.1", b"1.2.3.+4", b"1.2.3.1e1",
     b"1.2.3." + b"4" * 5000, b"::" + b"4" * 5000],
)  # fmt: skip
def test_what_is_no_address_has_no_number(text: bytes) -> None:
    assert address_number(text) == NO_ADDRESS


def test_the_zone_of_a_link_local_address_is_left_out() -> None:
    assert address_number(b"fe80::1%eth0") == address_number(b"fe80::1")


def test_nothing_contains_a_peer_without_an_address() -> None:
    everything = Networks([ip_network("0.0.0.0/0"), ip_network("::/0")])
    assert not everything.contains(NO_ADDRESS)


def test_all_of_ipv6_is_not_all_of_ipv4() -> None:
    assert not Networks([ip_network("::/0")]).contains(address_number(b"203.0.113.7"))
    assert Networks([ip_network("::/0")]).contains(address_number(b"2001:db8::1"))
    assert not Networks([ip_network("0.0.0.0/0")]).contains(address_number(b"2001:db8::1"))


def test_an_ipv4_network_written_as_mapped_is_one() -> None:
    assert Networks([ip_network("::ffff:10.0.0.0/104")]).contains(address_number(b"10.1.2.3"))


def test_an_empty_set_is_false_and_contains_nothing() -> None:
    assert not Networks([])
    assert not Networks([]).contains(address_number(b"10.0.0.1"))
    assert Networks([ip_network("10.0.0.0/8")])


def test_a_hundred_thousand_networks_merge_and_are_searched() -> None:
    numbers = random.Random(7).sample(range(2**24), 100_000)
    networks = Networks(IPv4Network((number << 8, 24)) for number in numbers)
    listed = set(numbers)
    for number in [*numbers[:500], *random.Random(8).sample(range(2**24), 500)]:
        address = str(IPv4Address((number << 8) + 77)).encode()
        assert networks.contains(address_number(address)) is (number in listed)


MOMENTS = st.sampled_from([1.0, 2.0, 3.0, inf])


@given(
    dated=st.lists(st.tuples(st.one_of(v4_networks, v6_networks), MOMENTS), max_size=12),
    address=st.one_of(v4_addresses, v6_addresses),
    now=st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.5]),
)
@example([(IPv4Network("10.0.0.0/8"), 1.0), (IPv4Network("10.0.0.0/24"), 3.0)],
         IPv4Address("10.0.1.0"), 2.0)  # fmt: skip
@example([(IPv4Network("10.0.0.0/8"), 3.0), (IPv4Network("10.0.0.0/24"), 1.0)],
         IPv4Address("10.0.0.1"), 2.0)  # fmt: skip
def test_dated_networks_hold_for_as_long_as_the_longest_around_an_address(
    dated: list[tuple[Network, float]], address: Address, now: float
) -> None:
    parts = [(*part, until) for network, until in dated for part in ranges(network)]
    networks = DatedNetworks(parts)
    holding = [network for network, until in dated if until > now]
    number = address_number(str(address).encode())
    assert networks.contains(number, now) is Networks(holding).contains(number)


def test_many_dated_networks_in_any_order() -> None:
    shuffled = [(number, number + 1, float(number)) for number in range(0, 10_000, 2)]
    random.Random(7).shuffle(shuffled)
    networks = DatedNetworks(shuffled)
    assert len(networks) == 5_000
    assert [number for number in range(10_000) if networks.contains(number, 9_900.0)] == [
        *range(9_902, 10_000, 2)
    ]
