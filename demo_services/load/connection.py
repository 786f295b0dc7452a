"""One keep-alive connection, one request in flight on it."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from demo_services.load.answer import Answer, AnswerReader, BrokenAnswer
from demo_services.load.tally import Sheet


class Exchange:
    """One request on its way."""

    __slots__ = ("bodyless", "message", "scheduled", "sheet")

    def __init__(self, scheduled: float, sheet: Sheet, message: bytes, *, bodyless: bool) -> None:
        #: The moment from which it is timed, whenever it gets sent.
        self.scheduled = scheduled
        self.sheet = sheet
        self.message = message
        #: Whether its answer has no body whatever the head says (HEAD).
        self.bodyless = bodyless


class Owner(Protocol):
    """Who a connection reports to."""

    def on_open(self, connection: Connection) -> None:
        """The connection can be used."""
        ...

    def on_answer(self, connection: Connection, exchange: Exchange, answer: Answer) -> None:
        """A whole answer; the connection can be used again unless the answer closes it."""
        ...

    def on_closed(self, connection: Connection, exchange: Exchange | None, reason: str) -> None:
        """The connection is gone, and with it the request that was in flight."""
        ...


class Connection(asyncio.Protocol):
    """Sends one request at a time and reads its answer."""

    __slots__ = ("_exchange", "_owner", "_reader", "_reason", "_transport")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._reader = AnswerReader()
        self._exchange: Exchange | None = None
        self._transport: asyncio.Transport | None = None
        self._reason = "closed"

    def send(self, exchange: Exchange) -> None:
        """Send a request; the connection must be free."""
        if self._transport is None:
            raise RuntimeError("sent on a connection that is not open")
        self._exchange = exchange
        self._reader.expect(bodyless=exchange.bodyless)
        self._transport.write(exchange.message)

    def abort(self, reason: str) -> None:
        """End the connection now; the owner is told why."""
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._owner.on_open(self)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        exchange = self._exchange
        if exchange is None:
            self.abort("unasked_bytes")
            return
        try:
            answer = self._reader.feed(data)
        except BrokenAnswer:
            self.abort("broken_answer")
            return
        if answer is not None:
            self._finish(exchange, answer)

    def eof_received(self) -> None:
        """Part of asyncio.Protocol."""
        exchange = self._exchange
        if exchange is None:
            return
        try:
            answer = self._reader.end()
        except BrokenAnswer:
            return  # connection_lost tells the owner
        self._finish(exchange, answer)

    def connection_lost(self, _error: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        exchange, self._exchange = self._exchange, None
        self._owner.on_closed(self, exchange, self._reason)

    def _finish(self, exchange: Exchange, answer: Answer) -> None:
        self._exchange = None
        if answer.closes:
            self.abort("closed")
        self._owner.on_answer(self, exchange, answer)
