"""Whom a chain of proxies speaks for."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.networks import Networks, address_number
from sidecar.wire.forwarded import (
    append_forwarded,
    append_forwarded_for,
    client_from,
    client_from_forwarded,
)

PEER = b"10.0.0.9"
TRUSTED = Networks([ip_network("10.0.0.0/8"), IPv6Network("fd00::/8")])

# list, the client's text; its number follows from it
LISTS: list[tuple[bytes, bytes]] = [
    (b"203.0.113.7", b"203.0.113.7"),
    (b"203.0.113.7, 10.0.0.1", b"203.0.113.7"),
    (b"1.1.1.1, 203.0.113.7, 10.0.0.1,10.0.0.2", b"203.0.113.7"),
    (b"  203.0.113.7\t,\t10.0.0.1 ", b"203.0.113.7"),
    # all are trusted: the one furthest away
    (b"10.0.0.1, 10.0.0.2", b"10.0.0.1"),
    # nothing is said
    (b"", PEER), (b" ", PEER), (b",", PEER), (b", ,", PEER),
    # empty elements say nothing
    (b"203.0.113.7,, 10.0.0.1,", b"203.0.113.7"),
    # ports, brackets, quotes
    (b"203.0.113.7:4711", b"203.0.113.7"),
    (b'"203.0.113.7:4711"', b"203.0.113.7"),
    (b"2001:db8::7", b"2001:db8::7"),
    (b"[2001:db8::7]", b"2001:db8::7"),
    (b"[2001:db8::7]:4711", b"2001:db8::7"),
    (b'"[2001:db8::7]:_p"', b"2001:db8::7"),
    (b"2001:db8::7, fd00::1", b"2001:db8::7"),
    # one client, one spelling
    (b"2001:0DB8:0:0::7", b"2001:db8::7"),
    (b"::ffff:203.0.113.7", b"203.0.113.7"),
    (b"[::FFFF:cb00:7107]", b"203.0.113.7"),
    (b"203.0.113.7, ::ffff:10.0.0.1", b"203.0.113.7"),
    # malformed: believed as far as could be read
    (b"203.0.113.7, x", PEER),
    (b"203.0.113.7, x, 10.0.0.1", b"10.0.0.1"),
    (b"203.0.113.7, 10.0.0.256, 10.0.0.1", b"10.0.0.1"),
    (b"010.0.0.1", PEER), (b"1.2.3", PEER), (b"1.2.3.4.5", PEER), (b"1.2.3.4:", PEER),
    (b"1.2.3.4:x", PEER), (b"1.2.3.4:123456", PEER), (b"1.2.3.4 5.6.7.8", PEER),
    (b"[1.2.3.4]", PEER), (b"[2001:db8::7", PEER), (b"[2001:db8::7]x", PEER),
    (b"[2001:db8::7]:", PEER), (b'"1.2.3.4', PEER), (b'1.2.3.4"', PEER), (b'"', PEER),
    (b'""', PEER), (b"[]", PEER), (b"1.2.3.4\x00", PEER), (b"\xb2.2.3.4", PEER), (b":80", PEER),
    (b"_", PEER), (b"_a b", PEER), (b"_" + b"a" * 64, PEER), (b"for=1.2.3.4", PEER),
]  # fmt: skip


@pytest.mark.parametrize("xff, client", LISTS)
def test_x_forwarded_for(xff: bytes, client: bytes) -> None:
    assert client_from(xff, TRUSTED.contains, PEER) == (client, address_number(client))


@pytest.mark.parametrize("xff, name", [
    (b"unknown", b"unknown"), (b"Unknown, 10.0.0.1", b"unknown"), (b"_Se.c-r_et7", b"_Se.c-r_et7"),
    (b"1.1.1.1, _hidden:_port, 10.0.0.1", b"_hidden"), (b"unknown:80", b"unknown"),
    (b"_" + b"a" * 63, b"_" + b"a" * 63),
])  # fmt: skip
def test_a_client_left_unnamed_has_no_address(xff: bytes, name: bytes) -> None:
    assert client_from(xff, TRUSTED.contains, PEER) == (name, -1)


def test_a_peer_on_a_unix_socket_has_no_address() -> None:
    assert client_from(b"", TRUSTED.contains, b"unix") == (b"unix", -1)
    assert client_from(b"1.2.3.4", TRUSTED.contains, b"unix")[0] == b"1.2.3.4"


def test_long_chains_are_walked_32_hops_at_most() -> None:
    def client_behind(hops: int) -> bytes:
        xff = b", ".join([b"203.0.113.7", *(b"10.0.1.%d" % hop for hop in range(hops, 0, -1))])
        return client_from(xff, TRUSTED.contains, PEER)[0]

    assert client_behind(32) == b"203.0.113.7"
    assert client_behind(33) == b"10.0.1.32"
    assert client_behind(200) == b"10.0.1.32"


# list, the client's text
FORWARDED: list[tuple[bytes, bytes]] = [
    (b"for=203.0.113.7", b"203.0.113.7"),
    (b"For=203.0.113.7;proto=https;by=10.0.0.9;host=a", b"203.0.113.7"),
    (b"proto=http ; FOR=203.0.113.7", b"203.0.113.7"),
    (b'for="[2001:DB8::7]:4711", for=10.0.0.1', b"2001:db8::7"),
    (b'for="203.0.113.7:80";host="a:80", for=10.0.0.1;by="[fd00::1]"', b"203.0.113.7"),
    (b"for=1.1.1.1, for=203.0.113.7, for=10.0.0.1", b"203.0.113.7"),
    (b"for=203.0.113.7:80", b"203.0.113.7"),
    (b"", PEER),
    # malformed
    (b"203.0.113.7", PEER), (b"for", PEER), (b"for=", PEER), (b"for=1.1.1.1;for=2.2.2.2", PEER),
    (b"for=1.1.1.1;", PEER), (b"for =1.1.1.1", PEER), (b'for="1.1.1.1', PEER),
    (b"for=1.1.1.1;bad name=x", PEER), (b'for="1.1.1.1\\""', PEER),
    (b"for=1.1.1.1, x, for=10.0.0.1", b"10.0.0.1"),
    # a quote that a client left open swallows nothing of what proxies added
    (b'for="1.1.1.1, for=203.0.113.7, for=10.0.0.1', b"203.0.113.7"),
]  # fmt: skip


@pytest.mark.parametrize("forwarded, client", FORWARDED)
def test_forwarded(forwarded: bytes, client: bytes) -> None:
    found = client_from_forwarded(forwarded, TRUSTED.contains, PEER)
    assert found == (client, address_number(client))


@pytest.mark.parametrize(
    "forwarded, name",
    [
        (b"for=unknown", b"unknown"),
        (b"for=_x;proto=http", b"_x"),
        (b"for=1.1.1.1, proto=https;by=10.0.0.1", b"unknown"),
    ],
)
def test_forwarded_without_an_address(forwarded: bytes, name: bytes) -> None:
    assert client_from_forwarded(forwarded, TRUSTED.contains, PEER) == (name, -1)


def test_x_forwarded_for_is_continued() -> None:
    assert append_forwarded_for(b"", b"1.2.3.4") == b"1.2.3.4"
    assert append_forwarded_for(b"5.6.7.8", b"::1") == b"5.6.7.8, ::1"


@pytest.mark.parametrize("before, peer, host, element", [
    (b"", b"1.2.3.4", b"a.example", b"for=1.2.3.4;host=a.example;proto=http"),
    (b"", b"2001:db8::7", b"a:80", b'for="[2001:db8::7]";host="a:80";proto=http'),
    (b"", b"unix", b"[::1]", b'for=unknown;host="[::1]";proto=http'),
    (b"", b"", b"", b'for=unknown;host="";proto=http'),
    (b"for=x", b"1.2.3.4", b'a"\\', b'for=x, for=1.2.3.4;host="a\\"\\\\";proto=http'),
])  # fmt: skip
def test_forwarded_is_continued(before: bytes, peer: bytes, host: bytes, element: bytes) -> None:
    assert append_forwarded(before, peer=peer, host=host, scheme=b"http") == element


# --- properties

addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(2**64, 2**128 - 1).map(IPv6Address)
)
junk = st.one_of(
    st.binary(max_size=30), st.text('0123456789abcdef.:[]"_, ;=for', max_size=30).map(str.encode)
)


@given(junk, addresses, st.integers(0, 5))
def test_what_a_client_claims_changes_nothing(
    claimed: bytes, address: IPv4Address | IPv6Address, hops: int
) -> None:
    text = str(address).encode()
    number = address_number(text)
    if TRUSTED.contains(number):
        return
    xff = forwarded = claimed
    for peer in [text, *(b"10.0.0.%d" % hop for hop in range(hops))]:
        xff = append_forwarded_for(xff, peer)
        forwarded = append_forwarded(forwarded, peer=peer, host=b"a:80", scheme=b"http")
    assert client_from(xff, TRUSTED.contains, PEER) == (text, number)
    assert client_from_forwarded(forwarded, TRUSTED.contains, PEER) == (text, number)


@given(junk)
def test_any_bytes_are_answered(listed: bytes) -> None:
    for read in (client_from, client_from_forwarded):
        text, number = read(listed, TRUSTED.contains, PEER)
        assert text
        assert number == address_number(text)
        assert len(text) <= 64
