"""Which function answers which request."""

from __future__ import annotations

from collections.abc import Callable

from tests.servers.grafana.exchange import Answer, Request
from tests.servers.grafana.state import State

Handler = Callable[[State, Request], Answer]

#: By method and path, as the description writes it.
ROUTES: dict[tuple[str, str], Handler] = {}


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Let the function answer requests of that method to that path."""

    def register(handler: Handler) -> Handler:
        ROUTES[method, path] = handler
        return handler

    return register
