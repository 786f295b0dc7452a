"""Orders over HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import web

from demo_services.shop.order.orders import Order, Orders, State
from demo_services.shop.order.placing import Placing
from demo_services.shop.service.input import count_of, idempotency_key_of, number_of, user_of
from demo_services.shop.service.knobs import Knobs
from demo_services.shop.service.peers import Peers
from demo_services.shop.service.problems import Conflict
from demo_services.shop.service.running import Service, json_response

KNOBS: Final = Knobs(workers=8, latency_ms=6.0)
_PAGE: Final = 20
_PAGE_AT_MOST: Final = 100
_UNDO_EVERY_SECONDS: Final = 0.5


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /orders``."""

    product: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


@asynccontextmanager
async def opening(service: Service) -> AsyncIterator[web.RouteTableDef]:
    """The routes, while the database is open and failed orders are undone."""
    environment = service.environment
    orders = Orders(environment.data and environment.data / "order.sqlite")
    service.ledger = orders.ledger
    try:
        async with Peers(environment.variables) as peers, asyncio.TaskGroup() as group:
            placing = Placing(orders, peers.peer("inventory"))
            undoing = group.create_task(_undo_now_and_then(placing))
            yield _routes(service, orders, placing)
            undoing.cancel()
    finally:
        orders.close()


def _routes(service: Service, orders: Orders, placing: Placing) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.post("/orders")
    async def place(request: web.Request) -> web.Response:
        customer, key = user_of(request), idempotency_key_of(request)
        wanted = msgspec.json.decode(await request.read(), type=NewOrder)
        async with service.work.worker():
            order, new = orders.begin(customer, key, wanted.product, wanted.quantity)
            if new:
                return json_response(await placing.place(order), HTTPStatus.CREATED)
            return _known(order)

    @routes.get("/orders")
    async def page(request: web.Request) -> web.Response:
        customer = user_of(request)
        before = count_of(request, "before", 2**53, 2**53)
        at_most = count_of(request, "at_most", _PAGE, _PAGE_AT_MOST)
        async with service.work.worker():
            found = orders.page(customer, before=before, at_most=at_most)
            return json_response({"orders": found})

    @routes.get("/orders/{id}")
    async def one(request: web.Request) -> web.Response:
        customer, number = user_of(request), number_of(request.match_info["id"], "order")
        async with service.work.worker():
            return json_response(orders.of(customer, number))

    @routes.get("/products/{id}/sold")
    async def sold(request: web.Request) -> web.Response:
        product = number_of(request.match_info["id"], "product")
        async with service.work.worker():
            return json_response({"pieces": orders.sold(product)})

    return routes


def _known(order: Order) -> web.Response:
    """The answer to an order that was sent again."""
    if order.state is State.REJECTED:
        raise Conflict(f"order {order.id} was rejected")
    return json_response(order)


async def _undo_now_and_then(placing: Placing) -> None:
    while True:
        await asyncio.sleep(_UNDO_EVERY_SECONDS)
        try:
            await placing.undo_failed()
        except Exception as error:  # noqa: BLE001 - whatever it was, later ones must be undone
            print(f"order: could not undo: {error}", file=sys.stderr)
