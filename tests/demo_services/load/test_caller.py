from __future__ import annotations

import pytest

from demo_services.load.caller import encoded
from demo_services.load.plan import Plan, Request

PLAN = Plan(host="shop", port=8080, clients=())


@pytest.mark.parametrize(
    "request_,message",
    [
        (Request(path="/a"), b"GET /a HTTP/1.1\r\nHost: shop:8080\r\n\r\n"),
        (
            Request(method="POST", path="/o", headers={"A": "b"}, body="{é}"),
            b"POST /o HTTP/1.1\r\nHost: shop:8080\r\nA: b\r\nContent-Length: 4\r\n\r\n{\xc3\xa9}",
        ),
        (
            Request(method="POST", path="/o"),
            b"POST /o HTTP/1.1\r\nHost: shop:8080\r\nContent-Length: 0\r\n\r\n",
        ),
    ],
)
def test_a_request_is_encoded(request_: Request, message: bytes) -> None:
    assert encoded(request_, PLAN) == message
