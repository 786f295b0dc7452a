"""What a running sidecar answers about itself, and lets operators change.

The whole of it is served on a Unix socket under the state directory, and on a port for those who
know the token when the rule file asks for one. What a scraper and an orchestrator need is served
on another port when the rule file asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from aiohttp import web

from sidecar.admin.gatekeeper import asks_for
from sidecar.admin.inside import Inside
from sidecar.admin.openapi import description
from sidecar.admin.operation import Call, Operation, json_response
from sidecar.admin.problems import answer_problems
from sidecar.admin.questions import HEALTH, QUESTIONS
from sidecar.admin.steering import Steering
from sidecar.admin.stream import STREAM
from sidecar.admin.wishes import WISHES


async def _openapi(_: Call) -> web.Response:
    return json_response(description(OPERATIONS))


#: Everything there is. What is more exact stands before what would take it for a name.
OPERATIONS: Final[tuple[Operation, ...]] = (
    *HEALTH,
    Operation("GET", "/openapi.json", "This description", _openapi, None,
              content_type="application/json"),
    STREAM,
    *QUESTIONS,
    *WISHES,
)  # fmt: skip


def make_admin(
    inside: Inside, steering: Steering, token: Callable[[], str] | None = None
) -> web.Application:
    """Everything there is to ask and to change; for those who know ``token`` where there is one."""
    app = web.Application(middlewares=[answer_problems])
    if token is not None:
        app.middlewares.append(asks_for(token))
    _add(app, OPERATIONS, inside, steering)
    return app


def make_exporter(inside: Inside, steering: Steering) -> web.Application:
    """What may be asked over the network by anybody: metrics and health."""
    app = web.Application(middlewares=[answer_problems])
    _add(app, HEALTH, inside, steering)
    return app


def _add(
    app: web.Application, operations: Iterable[Operation], inside: Inside, steering: Steering
) -> None:
    for one in operations:
        handler = one.bound(inside, steering)
        if one.method == "GET":
            # ``HEAD`` is answered as well.
            app.router.add_get(one.path, handler)
        else:
            app.router.add_route(one.method, one.path, handler)
