"""Who may ask over TCP: whoever knows the token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from sidecar.admin.problems import problem_response
from sidecar.admin.refusal import Refused

#: What an orchestrator asks, which has no token and learns nothing.
OPEN: Final = frozenset({"/livez", "/readyz"})

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def asks_for(token: Callable[[], str]) -> Middleware:
    """A middleware that lets in who sends the token, as it is at the moment."""

    @web.middleware
    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path in OPEN or _is_right(request.headers.get("Authorization", ""), token()):
            return await handler(request)
        problem = Refused(401, "send Authorization: Bearer TOKEN, as the rule file's admin has it")
        response = problem_response(problem.problem)
        response.headers["WWW-Authenticate"] = 'Bearer realm="sidecar"'
        return response

    return check


def _is_right(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    right = token.encode("utf-8", "surrogateescape")
    sent = given.strip().encode("utf-8", "surrogateescape")
    # Takes as long for a token that is nearly right; one that is empty is never right.
    return bool(right) and scheme.lower() == "bearer" and hmac.compare_digest(sent, right)
