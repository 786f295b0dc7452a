from __future__ import annotations

import pytest

from demo_services.shop.service.peers import Answer, Peers


@pytest.mark.parametrize(
    "variables,base,proxy",
    [
        ({}, "http://inventory", None),
        ({"INVENTORY_URL": "http://127.0.0.1:1/"}, "http://127.0.0.1:1", None),
        ({"HTTP_PROXY": "http://127.0.0.1:2"}, "http://inventory", "http://127.0.0.1:2"),
        ({"http_proxy": "http://127.0.0.1:2"}, "http://inventory", "http://127.0.0.1:2"),
        ({"HTTP_PROXY": "p", "INVENTORY_URL": "http://i"}, "http://i", None),
        ({"HTTP_PROXY": "", "INVENTORY_URL": ""}, "http://inventory", None),
    ],
)
async def test_where_a_peer_is(variables: dict[str, str], base: str, proxy: str | None) -> None:
    async with Peers(variables) as peers:
        peer = peers.peer("inventory")
        assert (peer._base, peer._proxy) == (base, proxy)


@pytest.mark.parametrize(
    "body,detail",
    [(b'{"detail": "sold out", "status": 409}', "sold out"), (b"<html>", "status 409"), (b"[]",
      "status 409")],
)  # fmt: skip
def test_what_an_answer_says_of_itself(body: bytes, detail: str) -> None:
    assert Answer(409, {}, body).detail == detail


def test_good_and_degraded_answers() -> None:
    assert Answer(201, {}, b"").good
    assert not Answer(400, {}, b"").good
    assert Answer(200, {"x-degraded": "stock"}, b"").degraded == "stock"
    assert Answer(200, {}, b"").degraded is None
