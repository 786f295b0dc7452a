from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.redaction import (
    PATH_BYTES,
    QUERY_BYTES,
    readable,
    redacted,
    split_host,
    split_target,
)

_SECRET = b"hunter2"


@pytest.mark.parametrize(
    "target, path, query",
    [
        (b"/orders/17", b"/orders/17", b""),
        (b"/orders?page=2", b"/orders", b"page=REDACTED"),
        (b"/orders?", b"/orders", b""),
        (b"/a?x=/b?c=d", b"/a", b"x=REDACTED"),
        (b"*", b"*", b""),
        (b"http://shop.example/orders?page=2", b"/orders", b"page=REDACTED"),
        (b"http://me:hunter2@shop.example/orders", b"/orders", b""),
        (b"http://shop.example", b"/", b""),
        (b"http://shop.example?page=2", b"/", b"page=REDACTED"),
        (b"shop.example:443", b"shop.example:443", b""),
        (b"me:hunter2@shop.example:443", b"shop.example:443", b""),
        (b"", b"", b""),
    ],
)
def test_every_form_of_a_target_is_split(target: bytes, path: bytes, query: bytes) -> None:
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    "query, shown",
    [
        (b"a=1&b=2", b"a=REDACTED&b=REDACTED"),
        (b"a=1=2", b"a=REDACTED"),
        (b"a=&b=2", b"a=&b=REDACTED"),
        (b"=1", b"=REDACTED"),
        (b"token", b"REDACTED"),
        (b"a=1&token", b"a=REDACTED&REDACTED"),
        (b"a=1;b=2", b"a=REDACTED"),
        (b"a%3D1", b"REDACTED"),
        (b"&&", b"&&"),
    ],
)
def test_values_and_bare_parts_are_replaced(query: bytes, shown: bytes) -> None:
    assert redacted(query) == shown


@given(st.lists(st.tuples(st.sampled_from([b"a", b"page", b""]), st.binary(max_size=8))))
def test_no_value_is_ever_shown(pairs: list[tuple[bytes, bytes]]) -> None:
    query = b"&".join(name + b"=" + _SECRET + value for name, value in pairs)
    path, shown = split_target(b"/orders?" + query)
    assert _SECRET not in path + shown


@given(st.binary(max_size=4000))
def test_what_is_shown_is_bounded(target: bytes) -> None:
    path, query = split_target(target)
    assert len(path) <= PATH_BYTES + len(b"...")
    assert len(query) <= QUERY_BYTES + len(b"...")


def test_what_was_cut_says_so() -> None:
    path, query = split_target(b"/" + b"a" * 5000 + b"?" + b"n" * 5000 + b"=1")
    assert path.endswith(b"a...")
    assert query == b"REDACTED..."
    assert redacted(b"a=1&" * 250).endswith(b"...")


@pytest.mark.parametrize(
    "host, address, port",
    [
        (b"shop.example", "shop.example", 0),
        (b"shop.example:8080", "shop.example", 8080),
        (b"[2001:db8::1]:80", "2001:db8::1", 80),
        (b"[2001:db8::1]", "2001:db8::1", 0),
        (b"", "", 0),
        (b"shop:", "shop:", 0),
        (b"shop:999999", "shop:999999", 0),
        (b"shop:\xb2", "shop:\\xb2", 0),
    ],
)
def test_a_host_is_an_address_and_perhaps_a_port(host: bytes, address: str, port: int) -> None:
    assert split_host(host) == (address, port)


@given(st.binary())
def test_anything_is_readable_as_ascii(value: bytes) -> None:
    assert readable(value).isascii()
