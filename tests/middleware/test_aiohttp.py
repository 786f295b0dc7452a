from __future__ import annotations

from unittest.mock import AsyncMock, Mock

from aiohttp import ClientRequest, ClientResponse, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from sidecar.middleware.aiohttp import keep, pass_on
from sidecar.middleware.carried import carried, carrying


async def _seen(headers: dict[str, str], *fields: str) -> dict[str, str]:
    """What the handler could pass on while it served."""
    seen: dict[str, str] = {}

    async def handler(_request: web.Request) -> web.Response:
        seen.update(carried())
        return web.Response()

    middleware = keep(fields) if fields else keep()
    await middleware(make_mocked_request("GET", "/", CIMultiDict(headers)), handler)
    assert carried() == {}
    return seen


async def test_the_fields_that_matter_are_carried_and_no_others() -> None:
    seen = await _seen(
        {"Traceparent": "a", "X-Request-Deadline": "1767225600250", "Cookie": "secret"}
    )
    assert seen == {"traceparent": "a", "x-request-deadline": "1767225600250"}


async def test_a_service_can_name_its_own_fields() -> None:
    assert await _seen({"x-tenant": "t", "traceparent": "a"}, "X-Tenant") == {"x-tenant": "t"}


async def _sent(headers: dict[str, str]) -> dict[str, str]:
    request = Mock(spec=ClientRequest, headers=CIMultiDict(headers))
    await pass_on(request, AsyncMock(return_value=Mock(spec=ClientResponse)))
    return dict(request.headers)


async def test_a_call_takes_them_along() -> None:
    with carrying({"traceparent": "a", "baggage": "b"}):
        assert await _sent({"accept": "*/*"}) == {
            "accept": "*/*",
            "traceparent": "a",
            "baggage": "b",
        }


async def test_what_the_call_has_already_stays() -> None:
    with carrying({"traceparent": "a"}):
        assert await _sent({"Traceparent": "mine"}) == {"Traceparent": "mine"}
