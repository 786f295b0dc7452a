"""The storefront over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import hdrs, web

from demo_services.shop.service.input import IDEMPOTENCY_KEY, USER, number_of
from demo_services.shop.service.knobs import Knobs
from demo_services.shop.service.peers import Answer, Peer, PeerFailed, Peers
from demo_services.shop.service.problems import Unavailable
from demo_services.shop.service.running import Service, json_response
from demo_services.shop.storefront.pages import Pages

KNOBS: Final = Knobs(workers=4, latency_ms=10.0)

_DEGRADED: Final = "x-degraded"
_PASSED_UP: Final = (USER, IDEMPOTENCY_KEY, hdrs.CONTENT_TYPE)
_PASSED_DOWN: Final = (hdrs.CONTENT_TYPE, hdrs.RETRY_AFTER, _DEGRADED)


@asynccontextmanager
async def opening(service: Service) -> AsyncIterator[web.RouteTableDef]:
    """The routes, while connections to the other services may be open."""
    async with Peers(service.environment.variables) as peers:
        orders = peers.peer("order")
        yield _routes(service, Pages(peers.peer("inventory"), orders), orders)


def _routes(service: Service, pages: Pages, orders: Peer) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/")
    async def home(_request: web.Request) -> web.Response:
        async with service.work.worker():
            return json_response({"products": list((await pages.catalogue()).values())})

    @routes.get("/products/{id}")
    async def product(request: web.Request) -> web.Response:
        number = number_of(request.match_info["id"], "product")
        async with service.work.worker():
            page = await pages.page(number)
            response = json_response(page)
            if page.degraded:
                response.headers[_DEGRADED] = ", ".join(page.degraded)
            return response

    @routes.get("/orders")
    @routes.post("/orders")
    @routes.get(r"/orders/{id:\d+}")
    async def order(request: web.Request) -> web.Response:
        async with service.work.worker():
            return await _pass_to(orders, request)

    return routes


async def _pass_to(peer: Peer, request: web.Request) -> web.Response:
    """Have another service answer the request."""
    fields = {name: request.headers[name] for name in _PASSED_UP if name in request.headers}
    body = await request.read()
    try:
        answer = await peer.ask(request.method, request.path_qs, body=body or None, headers=fields)
    except PeerFailed as error:
        raise Unavailable(f"orders cannot be reached: {error}") from error
    return _passed_on(answer)


def _passed_on(answer: Answer) -> web.Response:
    fields = {name: answer.headers[name] for name in _PASSED_DOWN if name in answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=fields)
