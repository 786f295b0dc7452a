"""The warehouse over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from demo_services.shop.service.input import number_of
from demo_services.shop.service.knobs import Knobs
from demo_services.shop.service.running import Service, json_response
from demo_services.shop.warehouse.shelves import shelf_of

KNOBS: Final = Knobs(workers=4, latency_ms=3.0, hash_rounds=100)


@asynccontextmanager
async def opening(service: Service) -> AsyncIterator[web.RouteTableDef]:
    """The warehouse's routes; it has nothing to open."""
    routes = web.RouteTableDef()

    @routes.get("/products/{id}/shelf")
    async def shelf(request: web.Request) -> web.Response:
        number = number_of(request.match_info["id"], "product")
        async with service.work.worker():
            return json_response({"shelf": shelf_of(number)})

    yield routes
