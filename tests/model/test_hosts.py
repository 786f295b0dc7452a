from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sidecar.model.hosts import host_key, parse_host_name
from sidecar.wire.target import valid_host

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,20}[A-Za-z0-9])?", fullmatch=True)
LITERALS = st.ip_addresses(v=6).map(lambda ip: f"[{ip.exploded}]")
PORTS = st.one_of(st.just(""), st.integers(0, 65535).map(lambda port: f":{port}"))


@pytest.mark.parametrize(
    "written, key",
    [
        (b"inventory", (b"inventory", b"")),
        (b"Inventory.Shop.SVC", (b"inventory.shop.svc", b"")),
        (b"inventory.", (b"inventory", b"")),
        (b"inventory.:8080", (b"inventory", b"8080")),
        (b"inventory:", (b"inventory", b"")),
        (b"inventory:080", (b"inventory", b"80")),
        (b"10.0.0.5:8080", (b"10.0.0.5", b"8080")),
        (b"[::1]", (b"::1", b"")),
        (b"[0:0::0001]:443", (b"::1", b"443")),
        (b"[2001:DB8::5]:", (b"2001:db8::5", b"")),
        (b"", (b"", b"")),
    ],
)
def test_one_spelling_for_all(written: bytes, key: tuple[bytes, bytes]) -> None:
    assert host_key(written) == key


@given(st.one_of(NAMES, LITERALS), PORTS)
def test_case_and_a_trailing_dot_make_no_difference(host: str, port: str) -> None:
    key = host_key(f"{host}{port}".encode())
    assert host_key(f"{host.upper()}{port}".encode()) == key
    if not host.startswith("["):
        assert host_key(f"{host}.{port}".encode()) == key


@given(st.binary(max_size=40))
def test_nothing_that_a_request_may_send_raises(host: bytes) -> None:
    if valid_host(host):
        name, port = host_key(host)
        assert name == name.lower()
        assert not port.startswith(b"0")


@pytest.mark.parametrize(
    "value",
    ["inventory", "inventory.shop.svc", "inventory:8080", "10.0.0.5", "10.0.0.5:80", "[::1]",
     "[::1]:8080", "a_b", "inventory."],
)  # fmt: skip
def test_hosts_that_may_be_written(value: str) -> None:
    assert parse_host_name(value) == value
    assert parse_host_name(value.upper()) == value.lower()


@pytest.mark.parametrize(
    "value, meant",
    [
        ("http://inventory:8080/items", "inventory:8080"),
        ("https://inventory", "inventory"),
        ("inventory/items", "inventory"),
        ("::1", "[::1]"),
        ("*.shop.svc", None),
        ("inventory:http", None),
        ("inventory:0", None),
        ("inventory:70000", None),
        ("a b", None),
        ("", None),
        ("[inventory]", None),
        ("[::1]8080", None),
        (8080, None),
        (None, None),
    ],
)
def test_what_is_no_host(value: object, meant: str | None) -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse_host_name(value)
    assert raised.value.type == "bad-host"
    hint = raised.value.context["hint"] if raised.value.context else ""
    assert hint.endswith(f"did you mean {meant}?") if meant else "mean" not in hint
