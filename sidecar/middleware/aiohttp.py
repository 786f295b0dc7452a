"""For aiohttp services, one for each half.

``web.Application(middlewares=[keep()])`` where requests are served, and
``ClientSession(middlewares=[pass_on])`` where calls are made.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, web
from aiohttp.typedefs import Handler, Middleware

from sidecar.middleware.carried import FIELDS, carried, carrying


def keep(fields: Iterable[str] = FIELDS) -> Middleware:
    """The server's half: while a request is served, ``carried()`` has what came with it."""
    names = tuple(name.lower() for name in fields)

    @web.middleware
    async def keep_fields(request: web.Request, handler: Handler) -> web.StreamResponse:
        received = request.headers
        with carrying({name: received[name] for name in names if name in received}):
            return await handler(request)

    return keep_fields


async def pass_on(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """The client's half: sends those fields along, unless the call has them already."""
    for name, value in carried().items():
        request.headers.setdefault(name, value)
    return await handler(request)
