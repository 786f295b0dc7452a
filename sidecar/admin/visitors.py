"""Who may be connected to an admin socket: so many, and nobody who asks nothing.

A port is open to whoever reaches it, token or not. What they cost is bounded here, for each
connection takes a descriptor that requests of the service need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from logging import Filter, Logger, LogRecord, getLogger
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

#: How many connections an admin socket has at a time; more are closed at once.
CONNECTIONS_AT_MOST: Final = 256
#: Seconds in which a new connection asks something, the head of a request complete.
FIRST_QUESTION_SECONDS: Final = 10.0
#: Seconds that a connection is kept between two questions.
KEPT_SECONDS: Final = 75.0


class Visitors:
    """Lets connections in, and those go that only hold their place."""

    def __init__(
        self, most: int = CONNECTIONS_AT_MOST, first_question: float = FIRST_QUESTION_SECONDS
    ) -> None:
        self._most = most
        self._first_question = first_question
        #: Those who have asked nothing yet, and have time left to.
        self._silent: set[object] = set()

    def middleware(self) -> Middleware:
        """Notes who has asked something; the outermost one."""

        @web.middleware
        async def note(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            self._silent.discard(request.protocol)
            return await handler(request)

        return note

    def let_in(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of a new connection."""
        loop = asyncio.get_running_loop()

        def welcome() -> asyncio.Protocol:
            if len(server.connections) >= self._most:
                return _TurnedAway()
            visitor = server()
            self._silent.add(visitor)
            loop.call_later(self._first_question, self._look_at, visitor)
            return visitor

        return welcome

    def _look_at(self, visitor: RequestHandler) -> None:
        if visitor in self._silent:
            self._silent.discard(visitor)
            visitor.force_close()


class _TurnedAway(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _NotTheirMistakes(Filter):
    """Bytes that are no request are their sender's mistake, and no news for our log."""

    def filter(self, record: LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


_QUIET: Final = _NotTheirMistakes()


def quiet_logger() -> Logger:
    """A log for faults of ours alone."""
    logger = getLogger("sidecar.admin")
    logger.addFilter(_QUIET)
    return logger
