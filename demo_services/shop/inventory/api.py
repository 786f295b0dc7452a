"""The inventory over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import web

from demo_services.shop.inventory.picking import shelf_of
from demo_services.shop.inventory.stock import Stock
from demo_services.shop.service.environment import BadEnvironment
from demo_services.shop.service.input import key_of, number_of
from demo_services.shop.service.knobs import Knobs
from demo_services.shop.service.peers import Peer, Peers
from demo_services.shop.service.running import Service, json_response

KNOBS: Final = Knobs(workers=4, latency_ms=8.0)
_STOCK_OF_EACH: Final = 100_000


class NewReservation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``PUT /reservations/KEY``."""

    product: Annotated[int, msgspec.Meta(ge=1)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


@asynccontextmanager
async def opening(service: Service) -> AsyncIterator[web.RouteTableDef]:
    """The inventory's routes, while its database is open. ``STOCK``: pieces of each product."""
    environment = service.environment
    path = environment.data and environment.data / "inventory.sqlite"
    stock = Stock(path, _stock_of_each(environment.variables.get("STOCK")))
    service.ledger = stock.ledger
    try:
        async with Peers(environment.variables) as peers:
            yield _routes(service, stock, peers.peer("warehouse"))
    finally:
        stock.close()


def _stock_of_each(text: str | None) -> int:
    if text is None:
        return _STOCK_OF_EACH
    if not (text.isascii() and text.isdigit()):
        raise BadEnvironment(f"STOCK must be a number of pieces, not {text!r}")
    return int(text)


def _routes(service: Service, stock: Stock, warehouse: Peer) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/products")
    async def products(_request: web.Request) -> web.Response:
        async with service.work.worker():
            return json_response(stock.products())

    @routes.get("/products/{id}/stock")
    async def left(request: web.Request) -> web.Response:
        number = number_of(request.match_info["id"], "product")
        async with service.work.worker():
            return json_response({"available": stock.product(number).available})

    @routes.put("/reservations/{key}")
    async def reserve(request: web.Request) -> web.Response:
        key = key_of(request.match_info["key"])
        wanted = msgspec.json.decode(await request.read(), type=NewReservation)
        async with service.work.worker():
            reservation, new = stock.reserve(key, wanted.product, wanted.quantity)
            price = stock.product(wanted.product).price_cents
        # No worker is held meanwhile: a slow warehouse must not make the inventory slow.
        shelf = await shelf_of(warehouse, wanted.product)
        answer = {"reservation": reservation, "price_cents": price, "shelf": shelf}
        return json_response(answer, HTTPStatus.CREATED if new else HTTPStatus.OK)

    @routes.delete("/reservations/{key}")
    async def release(request: web.Request) -> web.Response:
        key = key_of(request.match_info["key"])
        async with service.work.worker():
            return json_response({"reservation": stock.release(key)})

    return routes
