from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sidecar.model.addresses import (
    Address,
    Url,
    is_host,
    parse_bind,
    parse_cidr,
    parse_peer,
    parse_target,
    parse_url,
)


def _refusal(parse: Callable[[object], object], value: object) -> PydanticCustomError:
    with pytest.raises(PydanticCustomError) as caught:
        parse(value)
    return caught.value


def _meant(parse: Callable[[object], object], value: object) -> str | None:
    found = re.search(r"did you mean (.*)\?$", str((_refusal(parse, value).context or {})["hint"]))
    return found[1] if found else None


@pytest.mark.parametrize(
    "text, address",
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("[::1]:80", Address("::1", 80)),
        ("[::]:65535", Address("::", 65535)),
        ("unix:/run/app.sock", Address(path="/run/app.sock")),
        ("unix:run/app.sock", Address(path="run/app.sock")),
    ],
)
def test_addresses_to_listen_on(text: str, address: Address) -> None:
    assert parse_bind(text) == address
    assert str(address) == text
    assert parse_bind(address) is address


@pytest.mark.parametrize(
    "value",
    [
        "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80",
        "[::1:80", "app:80", "fe80::1%eth0:80", "[fe80::1%eth0]:80", "127.0.0.1:+80", "unix:",
        "unix:@abstract", "unix://host/path", "unix:/" + "x" * 107, 8080, None, [], True,
    ],
)  # fmt: skip
def test_what_nobody_can_listen_on(value: object) -> None:
    assert _refusal(parse_bind, value).type == "bad-bind"


@pytest.mark.parametrize(
    "value, meant",
    [
        (8080, "127.0.0.1:8080"),
        ("8080", "127.0.0.1:8080"),
        (":8080", "0.0.0.0:8080"),
        ("*:8080", "0.0.0.0:8080"),
        ("localhost:8080", "127.0.0.1:8080"),
        ("http://10.0.0.1:8080/", "10.0.0.1:8080"),
        ("127.0.0.1", "127.0.0.1:8080"),
        ("unix:///run/app.sock", "unix:/run/app.sock"),
        ("app.internal:80", None),
        ("::1:99999", None),
    ],
)
def test_where_was_meant_to_listen(value: object, meant: str | None) -> None:
    assert _meant(parse_bind, value) == meant


@pytest.mark.parametrize(
    "text, address",
    [
        ("10.0.0.5:8080", Address("10.0.0.5", 8080)),
        ("app.shop.svc.:80", Address("app.shop.svc.", 80)),
        ("app_1:80", Address("app_1", 80)),
        ("[2001:db8::1]:80", Address("2001:db8::1", 80)),
        ("unix:/run/app.sock", Address(path="/run/app.sock")),
    ],
)
def test_targets(text: str, address: Address) -> None:
    assert parse_target(text) == address
    assert parse_target(address) is address


@pytest.mark.parametrize(
    "value", ["", "app", "app:0", "-app:80", "a..b:80", "1.2.3:80", "a b:80", "a/b:80", 80, None]
)
def test_what_is_no_target(value: object) -> None:
    assert _refusal(parse_target, value).type == "bad-target"


def test_a_url_as_a_target_is_told_its_host() -> None:
    assert _meant(parse_target, "http://10.0.0.5:8080/") == "10.0.0.5:8080"
    assert _meant(parse_target, "http://10.0.0.5/") is None


@pytest.mark.parametrize(
    "text, url",
    [
        ("http://127.0.0.1:9000", Url(Address("127.0.0.1", 9000))),
        ("http://127.0.0.1:9000/", Url(Address("127.0.0.1", 9000))),
        ("http://app", Url(Address("app", 80))),
        ("https://app.internal", Url(Address("app.internal", 443), tls=True)),
        ("https://[::1]", Url(Address("::1", 443), tls=True)),
        ("https://[::1]:8443", Url(Address("::1", 8443), tls=True)),
        ("unix:/run/app.sock", Url(Address(path="/run/app.sock"))),
    ],
)
def test_urls(text: str, url: Url) -> None:
    assert parse_url(text) == url
    assert parse_url(str(url)) == url
    assert parse_url(url) is url


@pytest.mark.parametrize(
    "value",
    [
        "", "app", "app:80", "http://", "http://:80", "http://app:0", "http://app:x", "ftp://app",
        "http://app/path", "http://app?q", "http://app#f", "http://me@app", "HTTP://app", 80, None,
    ],
)  # fmt: skip
def test_what_is_no_url(value: object) -> None:
    assert _refusal(parse_url, value).type == "bad-url"


@pytest.mark.parametrize(
    "value, meant",
    [
        (9000, "http://127.0.0.1:9000"),
        ("app:9000", "http://app:9000"),
        ("grpc://app:9000", "http://app:9000"),
        ("/run/app.sock", "unix:/run/app.sock"),
        ("http://app:80/api", "http://app:80"),
        ("http://me:pw@app:80", "http://app:80"),
        ("app", None),
    ],
)
def test_what_url_was_meant(value: object, meant: str | None) -> None:
    assert _meant(parse_url, value) == meant


@pytest.mark.parametrize(
    "text, network",
    [
        ("198.51.100.7", "198.51.100.7/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_networks(text: str, network: str) -> None:
    assert parse_cidr(text) == ip_network(network)
    assert parse_cidr(ip_network(network)) == ip_network(network)
    assert parse_peer(text) == ip_network(network)


@pytest.mark.parametrize(
    "value", ["", "app", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "unix", 10, None]
)
def test_what_is_no_network(value: object) -> None:
    assert _refusal(parse_cidr, value).type == "bad-network"


def test_a_peer_may_be_whoever_reaches_the_unix_socket() -> None:
    assert parse_peer("unix") == "unix"
    assert _refusal(parse_peer, "Unix").type == "bad-network"


@pytest.mark.parametrize(
    "text, meant",
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3:80", "10.1.2.3"),
        ("[2001:db8::1]:80", "2001:db8::1/128"),
        ("10.1.*", "10.1.0.0/16"),
        ("10.1.2.*", "10.1.2.0/24"),
        ("http://10.0.0.1/", "10.0.0.1"),
        ("http://[", None),
        ("app.internal", None),
    ],
)
def test_what_network_was_meant(text: str, meant: str | None) -> None:
    assert _meant(parse_cidr, text) == meant


@pytest.mark.parametrize("text", ["a", "a-b.c", "10.0.0.1", "::1", "x" * 63, "_sip.a"])
def test_hosts(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text", ["", ".", "-a", "a-", "1.2.3.4.5", "x" * 64, "a." * 127 + "a", "é"]
)
def test_what_is_no_host(text: str) -> None:
    assert not is_host(text)


def test_two_slashes_are_the_path_of_no_socket() -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse_url("//")
    assert "did you mean" not in str((raised.value.context or {})["hint"])


@given(
    st.sampled_from([parse_bind, parse_target, parse_url, parse_cidr, parse_peer]),
    st.one_of(st.text("0123456789abf.:/[]%*@unixhtps-", max_size=24), st.text(max_size=20)),
)
def test_any_text_is_read_or_refused_with_a_hint_that_can_be_read(
    parse: Callable[[object], object], text: str
) -> None:
    try:
        parse(text)
    except PydanticCustomError as error:
        meant = re.search(r"did you mean (.*)\?$", str((error.context or {})["hint"]))
        if meant:
            parse(meant[1])
