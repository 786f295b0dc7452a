"""The shop over HTTP: what customers reach, and what only the operator reaches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import hdrs, web

from demo_services.hello.catalogue import Catalogue, SoldOut, UnknownProduct
from demo_services.hello.knobs import Knobs, Store, StoreFailure

CATALOGUE: Final = web.AppKey("CATALOGUE", Catalogue)
STORE: Final = web.AppKey("STORE", Store)
SERVED: Final = web.AppKey("SERVED", dict[str, int])


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /orders``."""

    product: Annotated[int, msgspec.Meta(ge=1)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


def shop(catalogue: Catalogue, store: Store) -> web.Application:
    """What customers reach."""
    app = web.Application(middlewares=[_answer])
    app[CATALOGUE] = catalogue
    app[STORE] = store
    app[SERVED] = {}
    app.add_routes(
        [
            web.get("/", _home),
            web.get("/products/{id}", _product),
            web.post("/orders", _order),
            web.get("/healthz", _health),
        ]
    )
    return app


def control(served: dict[str, int], store: Store) -> web.Application:
    """What only the operator reaches, on an address of its own.

    ``GET /`` shows the knobs and how many requests of customers were answered, by status;
    ``PATCH /`` turns the knobs that its JSON body names.
    """

    async def show(_request: web.Request) -> web.Response:
        return _json({"knobs": store.knobs, "served": served})

    async def turn(request: web.Request) -> web.Response:
        changes = msgspec.json.decode(await request.read(), type=dict[str, object])
        store.knobs = msgspec.convert(msgspec.to_builtins(store.knobs) | changes, Knobs)
        return await show(request)

    app = web.Application(middlewares=[_answer])
    app[SERVED] = {}
    app.add_routes([web.get("/", show), web.patch("/", turn)])
    return app


async def _home(request: web.Request) -> web.Response:
    await request.app[STORE].call()
    return _json({"shop": "hello", **request.app[CATALOGUE].summary()})


async def _product(request: web.Request) -> web.Response:
    number = request.match_info["id"]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise UnknownProduct(f"{number!r} is not the number of a product")
    await request.app[STORE].call()
    return _json(request.app[CATALOGUE].product(int(number)))


async def _order(request: web.Request) -> web.Response:
    order = msgspec.json.decode(await request.read(), type=NewOrder)
    await request.app[STORE].call()
    return _json(request.app[CATALOGUE].order(order.product, order.quantity), HTTPStatus.CREATED)


async def _health(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


@web.middleware
async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn what went wrong into an answer, and count every answer."""
    response: web.StreamResponse
    try:
        response = await handler(request)
    except msgspec.MsgspecError as error:
        response = _problem(HTTPStatus.BAD_REQUEST, str(error))
    except UnknownProduct as error:
        response = _problem(HTTPStatus.NOT_FOUND, str(error))
    except SoldOut as error:
        response = _problem(HTTPStatus.CONFLICT, str(error))
    except StoreFailure as error:
        response = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    except web.HTTPException as error:
        response = _problem(HTTPStatus(error.status), error.reason)
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    if request.path != "/healthz":
        served = request.app[SERVED]
        served[str(response.status)] = served.get(str(response.status), 0) + 1
    return response


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    problem = {"title": status.phrase, "status": status.value, "detail": detail}
    return web.Response(
        status=status,
        body=msgspec.json.encode(problem),
        content_type="application/problem+json",
    )


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json"
    )
