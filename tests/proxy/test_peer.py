"""Whom a request is believed to come from, and what the upstream is told of it."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from sidecar.algorithms.networks import NO_ADDRESS, Networks, address_number
from sidecar.model.http import RequestHead
from sidecar.proxy.peer import UNIX, Peer, peer_address
from sidecar.proxy.sockets import listen_unix
from sidecar.ruleset.routes import Trust
from sidecar.wire.head import HeadLimits, parse_request
from sidecar.wire.rejection import Rejected
from tests.proxy.client import Client
from tests.proxy.harness import (
    LOOPBACK,
    NOBODY,
    Recorder,
    endpoint,
    proxy,
    request,
    rules_for,
    serving,
    upstream,
)
from tests.proxy.recorder import Heard

IDENTITY = frozenset({b"x-user"})
WATCHED = frozenset({b"x-plan"})
CLIENT = b"192.0.2.7"
PROXIES = Networks([ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")])


def introduced(
    *lines: str,
    address: bytes = CLIENT,
    trust: Trust | None = None,
    scheme: bytes = b"http",
    start: str = "GET / HTTP/1.1",
) -> tuple[RequestHead, list[bytes]]:
    """A request as the rules see it, and what is said of its peer."""
    rules = rules_for([], trust=trust, identity=IDENTITY, watched=WATCHED)
    peer = Peer(rules, "inbound", b"me", address, scheme)
    raw = "\r\n".join([start, "Host: shop.example", *lines, "", ""]).encode()
    head = parse_request(raw, len(raw) - 4, peer.names, HeadLimits())
    stamp = peer.introduce(head)
    assert stamp.endswith(b"\r\n")
    return head, stamp.split(b"\r\n")[:-1]


STRANGER = [b"Via: 1.1 me", b"X-Forwarded-For: 192.0.2.7", b"X-Forwarded-Proto: http"]


@pytest.mark.parametrize("lines", [
    (), ("X-Forwarded-For: 10.0.0.1",), ("X-Forwarded-For: 10.0.0.1", "x-forwarded-for: 10.0.0.2"),
    ("Forwarded: for=10.0.0.1",), ("X-Forwarded-Host: evil",), ("X-Forwarded-Proto: https",),
    ("X-Request-Id: a",), ("traceparent: x", "tracestate: y"),
    ("X-Request-Id: a", "X-Forwarded-Proto: https"), ("X-Forwarded-Port: 1", "x-request-id: a"),
    ("x_forwarded-prefix: /a", "X_FORWARDED_FOR: 10.0.0.1"), ("X_User: root", "X_Plan: gold"),
])  # fmt: skip
async def test_what_a_stranger_says_of_itself_is_said_anew(lines: tuple[str, ...]) -> None:
    head, stamp = introduced(*lines)
    assert stamp == STRANGER
    assert (head.client, head.client_number) == (CLIENT, address_number(CLIENT))
    assert head.scheme == b"http"
    assert head.lines == [b"Host: shop.example"]


def test_over_tls_the_scheme_is_https() -> None:
    head, stamp = introduced(scheme=b"https")
    assert head.scheme == b"https"
    assert stamp == [*STRANGER[:2], b"X-Forwarded-Proto: https"]


@pytest.mark.parametrize("lines", [(), ("X-Forwarded-For: 10.0.0.1",), ("Via: 1.0 a",)])
def test_a_stranger_s_target_does_not_say_that_it_came_over_tls(lines: tuple[str, ...]) -> None:
    head, stamp = introduced(*lines, start="GET https://shop.example/ HTTP/1.1")
    assert head.scheme == b"http"
    assert stamp[-1] == b"X-Forwarded-Proto: http"


def test_via_is_continued_whoever_says_it() -> None:
    _, stamp = introduced("Via: 1.0 a", "VIA: 1.1 b (c)")
    assert stamp == [b"Via: 1.0 a, 1.1 b (c), 1.1 me", *STRANGER[1:]]


def test_a_loop_is_noticed() -> None:
    with pytest.raises(Rejected) as caught:
        introduced("Via: 1.1 a, 1.1 me, 1.1 b")
    assert (caught.value.status, caught.value.reason) == (508, "loop_detected")


BELIEVED = {
    "one": (("X-Forwarded-For: 203.0.113.9",), b"203.0.113.9"),
    "many": (("X-Forwarded-For: 10.0.0.1, 203.0.113.9, 198.51.100.8",), b"203.0.113.9"),
    "lines": (("X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 203.0.113.9"), b"203.0.113.9"),
    "none": ((), b"198.51.100.1"),
    "malformed": (("X-Forwarded-For: zz",), b"198.51.100.1"),
    "only proxies": (("X-Forwarded-For: 198.51.100.8",), b"198.51.100.8"),
    "Forwarded": (("Forwarded: for=10.0.0.1, for=203.0.113.9",), b"203.0.113.9"),
    "both": (("Forwarded: for=10.0.0.1", "X-Forwarded-For: 203.0.113.9"), b"203.0.113.9"),
    "IPv6": (("X-Forwarded-For: 2a00::1",), b"2a00::1"),
}


@pytest.mark.parametrize("lines, client", BELIEVED.values(), ids=BELIEVED)
def test_a_trusted_proxy_says_who_the_client_is(lines: tuple[str, ...], client: bytes) -> None:
    head, _ = introduced(*lines, address=b"198.51.100.1", trust=Trust(PROXIES, NOBODY))
    assert (head.client, head.client_number) == (client, address_number(client))


def test_a_client_that_a_proxy_does_not_name_has_no_address() -> None:
    head, _ = introduced(
        "Forwarded: for=unknown", address=b"198.51.100.1", trust=Trust(PROXIES, NOBODY)
    )
    assert (head.client, head.client_number) == (b"unknown", NO_ADDRESS)


def test_what_a_trusted_proxy_says_is_continued() -> None:
    head, stamp = introduced(
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: HTTPS",
        "X-Forwarded-Host: www.example",
        "Forwarded: for=203.0.113.9;proto=https",
        "X-Forwarded-Port: 8443",
        "X_Forwarded_For: 10.0.0.1",
        "Via: 1.1 edge",
        address=b"198.51.100.1",
        trust=Trust(PROXIES, NOBODY),
    )
    assert head.scheme == b"https"
    assert head.lines == [b"Host: shop.example", b"X-Forwarded-Port: 8443"]
    assert stamp == [
        b"Via: 1.1 edge, 1.1 me",
        b"X-Forwarded-For: 203.0.113.9, 198.51.100.1",
        b"X-Forwarded-Proto: HTTPS",
        b"X-Forwarded-Host: www.example",
        b"Forwarded: for=203.0.113.9;proto=https, for=198.51.100.1;host=shop.example;proto=https",
    ]


@pytest.mark.parametrize("said, scheme", [
    ("https", b"https"), ("HTTPS", b"https"), ("http", b"http"), ("https, http", b"http"),
    ("ftp", b"http"), ("", b"http"),
])  # fmt: skip
def test_of_schemes_a_proxy_is_believed_those_that_there_are(said: str, scheme: bytes) -> None:
    head, _ = introduced(
        f"X-Forwarded-Proto: {said}", address=b"198.51.100.1", trust=Trust(PROXIES, NOBODY)
    )
    assert head.scheme == scheme


# --- identity


@pytest.mark.parametrize("name", ["X-User", "x-user", "X-USER"])
def test_identity_that_a_stranger_claims_is_removed(name: str) -> None:
    head, _ = introduced(f"{name}: root", "X-Plan: gold", "Connection: x-user, x-plan")
    assert b"x-user" not in head.fields
    assert head.fields == {b"x-plan": b"gold"}
    assert head.lines == [b"Host: shop.example", b"X-Plan: gold"]


def test_identity_that_a_trusted_caller_claims_is_kept_even_from_itself() -> None:
    trust = Trust(NOBODY, Networks([ip_network("192.0.2.0/24")]))
    head, _ = introduced("X-User: ann", "Connection: close, x-user", trust=trust)
    assert head.fields == {b"x-user": b"ann"}
    assert b"X-User: ann" in head.lines
    assert not head.keep_alive


def test_trust_in_a_proxy_is_not_trust_in_a_caller() -> None:
    head, _ = introduced("X-User: root", address=b"198.51.100.1", trust=Trust(PROXIES, NOBODY))
    assert head.fields == {}


def test_what_we_alone_say_nobody_else_does() -> None:
    head, _ = introduced("X-Sidecar-Decision: 1", trust=Trust(LOOPBACK, LOOPBACK))
    assert head.lines == [b"Host: shop.example"]


# --- targets and hosts


@pytest.mark.parametrize("start, host, path, query", [
    ("GET /a?b=c HTTP/1.1", b"shop.example", b"/a", b"b=c"),
    ("GET /%61/../%7Eb HTTP/1.1", b"shop.example", b"/~b", b""),
    ("GET http://other.example:81/a?b HTTP/1.1", b"other.example:81", b"/a", b"b"),
    ("GET http://other.example HTTP/1.1", b"other.example", b"/", b""),
    ("GET http://other.example?b HTTP/1.1", b"other.example", b"/", b"b"),
    ("OPTIONS * HTTP/1.1", b"shop.example", b"*", b""),
    ("OPTIONS http://other.example HTTP/1.1", b"other.example", b"*", b""),
    ("OPTIONS / HTTP/1.1", b"shop.example", b"/", b""),
])  # fmt: skip
def test_the_target_is_read_once(start: str, host: bytes, path: bytes, query: bytes) -> None:
    head, _ = introduced(start=start)
    assert (head.host, head.path, head.query) == (host, path, query)
    assert head.lines == [b"Host: " + host]


def test_an_escaped_slash_is_kept_where_that_is_wanted() -> None:
    start = "GET /a%2fb HTTP/1.1"
    head, _ = introduced(start=start, trust=Trust(NOBODY, NOBODY, keep_escaped_slash=True))
    assert head.path == b"/a%2Fb"
    with pytest.raises(Rejected):
        introduced(start=start)


# --- addresses


@pytest.mark.parametrize("peername, address", [
    (("192.0.2.7", 80), b"192.0.2.7"), (("2a00::1", 80, 0, 0), b"2a00::1"),
    (("fe80::1%eth0", 80, 0, 2), b"fe80::1"), (("::ffff:192.0.2.7", 80, 0, 0), b"192.0.2.7"),
    ("", UNIX), ("/path", UNIX), (b"", UNIX), (None, UNIX), ((), UNIX),
])  # fmt: skip
def test_addresses_of_sockets(peername: object, address: bytes) -> None:
    assert peer_address(peername) == address


@pytest.mark.parametrize("trust, lines, client, said", [
    (Trust(NOBODY, NOBODY), (), b"unix", []),
    (Trust(NOBODY, NOBODY), ("X-Forwarded-For: 203.0.113.9",), b"unix", []),
    (Trust(NOBODY, NOBODY, unix_is_proxy=True), (), b"unix", []),
    (
        Trust(NOBODY, NOBODY, unix_is_proxy=True), ("X-Forwarded-For: 203.0.113.9",),
        b"203.0.113.9", [b"X-Forwarded-For: 203.0.113.9"],
    ),
])  # fmt: skip
def test_a_peer_on_a_unix_socket_has_no_address(
    trust: Trust, lines: tuple[str, ...], client: bytes, said: list[bytes]
) -> None:
    head, stamp = introduced(*lines, address=UNIX, trust=trust)
    assert head.client == client
    assert stamp == [b"Via: 1.1 me", *said, b"X-Forwarded-Proto: http"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_caller_on_a_unix_socket_is_believed_where_that_is_wanted(*, trusted: bool) -> None:
    trust = Trust(NOBODY, NOBODY, unix_is_caller=trusted)
    head, _ = introduced("X-User: ann", address=UNIX, trust=trust)
    assert (b"x-user" in head.fields) == trusted


# --- through real sockets


async def heard(*lines: str, trust: Trust | None = None) -> Heard:
    """What the upstream hears of a request with these fields."""
    recorder = Recorder()
    async with serving(recorder, trust=trust, identity=IDENTITY) as running:
        client = await running.connect()
        await client.send(request("/a/./b?c", *lines))
        assert (await client.answer()).status == 200
    return recorder.whole[0]


async def test_fields_keep_their_order_spelling_and_repetition() -> None:
    lines = ("X-B: 1", "x-a:2", "X-B: 3", "Cookie: a", "X-Latin: \xe9", "Cookie: b", "X-Empty:")
    one = await heard(*lines)
    assert one.target == b"/a/b?c"
    names = [b"Host", b"X-B", b"x-a", b"X-B", b"Cookie", b"X-Latin", b"Cookie", b"X-Empty"]
    assert one.names[: len(names)] == names
    assert one.names[len(names) :] == [
        b"Via", b"X-Forwarded-For", b"X-Forwarded-Proto", b"x-request-id", b"traceparent",
        b"x-sidecar-trace",
    ]  # fmt: skip
    assert one.all("x-b") == [b"1", b"3"]
    assert one.get("x-latin") == b"\xe9"
    assert one.get("x-forwarded-for") == b"127.0.0.1"


async def test_hop_by_hop_fields_go_no_further() -> None:
    one = await heard(
        "Connection: keep-alive, X-Hop, Cookie, Host, Authorization, Content-Length, x-user",
        "X-Hop: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: secret",
        "TE: trailers, gzip",
        "Trailer: x",
        "Cookie: a",
        "Authorization: b",
        "Content-Length: 0",
    )
    assert one.names[:5] == [b"Host", b"Trailer", b"Cookie", b"Authorization", b"Content-Length"]
    assert one.get("connection") == b"TE"
    assert one.get("te") == b"trailers"
    assert not one.all("x-hop") + one.all("keep-alive") + one.all("proxy-authorization")


async def test_a_unix_socket_is_listened_on(tmp_path: Path) -> None:
    recorder = Recorder()
    path = tmp_path / "s"
    async with upstream(recorder) as port:
        sock = listen_unix(path, 0o600)
        async with proxy(rules_for([endpoint(port)]), sock=sock) as running:
            client = Client(*await asyncio.open_unix_connection(path))
            running.clients.append(client)
            await client.send(request())
            assert (await client.answer()).status == 200
            (record,) = running.records
    assert record.client == b"unix"
    assert recorder.whole[0].all("x-forwarded-for") == []
