"""For ASGI services (Starlette, FastAPI, Django): ``app = PassOn(app)``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from sidecar.middleware.carried import FIELDS, carrying

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class PassOn:
    """While ``app`` serves a request, ``carried()`` has what came with it."""

    def __init__(self, app: Application, fields: Iterable[str] = FIELDS) -> None:
        self._app = app
        self._names = {name.lower().encode(): name.lower() for name in fields}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI 3 says; other events than requests pass untouched."""
        names = self._names
        found = {
            names[name]: value.decode("latin-1")
            for name, value in scope.get("headers", ())
            if name in names
        }
        with carrying(found):
            await self._app(scope, receive, send)
