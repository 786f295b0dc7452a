from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.offline.openapi import BadDescription, Operation, read_openapi

ORDERS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Order Service"},
    "paths": {
        "/orders": {
            "get": {"operationId": "listOrders"},
            "post": {"operationId": "placeOrder"},
            "parameters": [],
        },
        "/orders/{id}/lines/{line}": {"delete": {}},
        "x-internal": {"get": {}},
    },
}


def described(**changes: Any) -> bytes:
    return json.dumps({**ORDERS, **changes}).encode()


def test_operations_become_patterns_with_names_of_words() -> None:
    description = read_openapi(described())
    assert description.title == "Order Service"
    assert description.operations == (
        Operation("list-Orders", "GET", "/orders"),
        Operation("place-Order", "POST", "/orders"),
        Operation("delete /orders//lines/", "DELETE", "/orders/*/lines/*"),
    )


@pytest.mark.parametrize(
    "changes, path",
    [
        ({"servers": [{"url": "https://shop.example/api/v1/"}]}, "/api/v1/orders"),
        ({"servers": [{"url": "/v2"}]}, "/v2/orders"),
        ({"servers": [{"url": "https://{region}.shop.example/{version}"}]}, "/orders"),
        ({"servers": []}, "/orders"),
        ({"servers": "nonsense"}, "/orders"),
        ({"swagger": "2.0", "basePath": "/v1"}, "/v1/orders"),
    ],
)
def test_what_all_paths_begin_with(changes: dict[str, Any], path: str) -> None:
    assert read_openapi(described(**changes)).operations[0].path == path


def test_yaml_is_read_too() -> None:
    text = b"openapi: 3.0.0\ninfo: {title: T}\npaths:\n  /a:\n    get: {operationId: a}\n"
    assert read_openapi(text).operations == (Operation("a", "GET", "/a"),)


@pytest.mark.parametrize(
    "text, said",
    [
        (b"{", "neither JSON nor YAML"),
        (b"\xff\xfe", "neither JSON nor YAML"),
        (b"[]", "no field 'openapi'"),
        (b"hello", "no field 'openapi'"),
        (b"", "no field 'openapi'"),
        (b'{"openapi": "3.0.0"}', "no paths"),
        (b'{"openapi": "3.0.0", "paths": []}', "no paths"),
        (b" " * ((16 << 20) + 1), "bytes"),
        (b"!!python/object:os.system {}", "neither JSON nor YAML"),
    ],
)
def test_what_is_no_description_is_said(text: bytes, said: str) -> None:
    with pytest.raises(BadDescription, match=said):
        read_openapi(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_fail_otherwise(text: bytes) -> None:
    with contextlib.suppress(BadDescription):
        assert read_openapi(text).operations is not None
