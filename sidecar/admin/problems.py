"""What the admin API answers when it cannot do what was asked: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from sidecar.admin.answers import Problem
from sidecar.admin.refusal import Refused

CONTENT_TYPE: Final = "application/problem+json"


def problem_response(problem: Problem) -> web.Response:
    """A problem as it is sent."""
    return web.Response(
        body=msgspec.json.encode(problem) + b"\n",
        status=problem.status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )


@web.middleware
async def answer_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn whatever goes wrong into an answer that says what would be right."""
    try:
        return await handler(request)
    except Refused as refused:
        return problem_response(refused.problem)
    except web.HTTPNotFound:
        detail = f"there is nothing at {request.path}; GET /openapi.json has all that there is"
        return problem_response(Refused(404, detail).problem)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        response = problem_response(Refused(405, f"{request.path} takes {allowed}").problem)
        response.headers["Allow"] = allowed
        return response
    except web.HTTPRequestEntityTooLarge:
        return problem_response(Refused(413, "no wish is as long as that").problem)
