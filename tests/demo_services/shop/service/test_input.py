from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request

from demo_services.shop.service.input import (
    count_of,
    idempotency_key_of,
    key_of,
    number_of,
    user_of,
)
from demo_services.shop.service.problems import BadRequest, NotFound


def _request(target: str = "/", **headers: str) -> Request:
    return make_mocked_request(
        "GET", target, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_a_number_in_a_path() -> None:
    assert number_of("17", "product") == 17


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "9" * 17, "\u0661"])
def test_what_is_no_number_is_not_there(text: str) -> None:
    with pytest.raises(NotFound, match="is not the number of a product"):
        number_of(text, "product")


@pytest.mark.parametrize("text", ["order-7-1", "x", "é".encode().hex(), "~" * 100])
def test_a_key(text: str) -> None:
    assert key_of(text) == text


@pytest.mark.parametrize("text", ["", "a b", "é", "a\tb", "x" * 101])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(BadRequest, match="1 to 100 visible characters"):
        key_of(text)


def test_who_asks_must_be_known() -> None:
    assert user_of(_request(x_user_id="ann")) == "ann"
    with pytest.raises(BadRequest, match="x-user-id is missing"):
        user_of(_request())
    with pytest.raises(BadRequest, match="x-user-id must be"):
        user_of(_request(x_user_id="a b"))


def test_a_key_for_an_order_is_optional() -> None:
    assert idempotency_key_of(_request(idempotency_key="k")) == "k"
    assert idempotency_key_of(_request()) is None
    with pytest.raises(BadRequest, match="idempotency-key must be"):
        idempotency_key_of(_request(idempotency_key=""))


def test_a_count_in_the_query() -> None:
    assert count_of(_request("/?at_most=7"), "at_most", 20, 100) == 7
    assert count_of(_request("/"), "at_most", 20, 100) == 20


@pytest.mark.parametrize("text", ["0", "101", "x", "", "-1", "9" * 30])
def test_a_count_that_cannot_be(text: str) -> None:
    with pytest.raises(BadRequest, match="at_most must be"):
        count_of(_request(f"/?at_most={text}"), "at_most", 20, 100)
