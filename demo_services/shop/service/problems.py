"""What may be wrong with a request, and how it is told: ``application/problem+json``."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from demo_services.shop.service.knobs import WorkFailed


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not answered as it wished; its text is the detail."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR


class BadRequest(Problem):
    """What was sent cannot be understood."""

    status = HTTPStatus.BAD_REQUEST


class NotFound(Problem):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    """What is there stands against it."""

    status = HTTPStatus.CONFLICT


class Unavailable(Problem):
    """Somebody whom this service needs does not answer; trying again may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong into an answer."""
    try:
        return await handler(request)
    except Problem as problem:
        return _response(problem.status, str(problem))
    except WorkFailed as error:
        return _response(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    except msgspec.MsgspecError as error:
        return _response(HTTPStatus.BAD_REQUEST, str(error))
    except web.HTTPException as error:
        response = _response(HTTPStatus(error.status), error.reason)
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response


def _response(status: HTTPStatus, detail: str) -> web.Response:
    problem = {"title": status.phrase, "status": status.value, "detail": detail}
    return web.Response(
        status=status,
        body=msgspec.json.encode(problem),
        content_type="application/problem+json",
    )
