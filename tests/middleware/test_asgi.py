from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sidecar.middleware.asgi import Message, PassOn, Receive, Scope, Send
from sidecar.middleware.carried import FIELDS, carried


async def _seen(scope: Scope, fields: Iterable[str] = FIELDS) -> dict[str, str]:
    """What the application could pass on while it served."""
    seen: dict[str, str] = {}

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.update(carried())

    async def receive() -> Message:
        raise AssertionError("nothing is received")

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    await PassOn(app, fields)(scope, receive, send)
    assert carried() == {}
    return seen


def _request(*headers: tuple[bytes, bytes], kind: str = "http") -> dict[str, Any]:
    return {"type": kind, "headers": list(headers)}


async def test_the_fields_that_matter_are_carried_and_no_others() -> None:
    scope = _request(
        (b"traceparent", b"00-1-2-01"),
        (b"x-request-deadline", b"1767225600250"),
        (b"cookie", b"secret"),
        (b"host", b"shop"),
    )
    assert await _seen(scope) == {"traceparent": "00-1-2-01", "x-request-deadline": "1767225600250"}


async def test_a_service_can_name_its_own_fields() -> None:
    scope = _request((b"x-tenant", b"t\xe9"), (b"traceparent", b"a"))
    assert await _seen(scope, ["X-Tenant"]) == {"x-tenant": "té"}


async def test_web_sockets_are_requests_too() -> None:
    assert await _seen(_request((b"baggage", b"a=1"), kind="websocket")) == {"baggage": "a=1"}


async def test_start_and_end_of_the_service_are_none() -> None:
    assert await _seen({"type": "lifespan"}) == {}
