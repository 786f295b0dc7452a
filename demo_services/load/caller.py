"""One client of the plan: its connections, what waits for them, and its tally."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from demo_services.load.answer import Answer
from demo_services.load.connection import Connection, Exchange
from demo_services.load.plan import Client, Plan, Request
from demo_services.load.tally import Tally


class Caller:
    """Sends a request whenever it is told to, however many are still unanswered."""

    def __init__(self, client: Client, plan: Plan, group: asyncio.TaskGroup) -> None:
        self._client = client
        self._plan = plan
        self._group = group
        self._messages = [
            (encoded(request, plan), request.method == "HEAD") for request in client.requests
        ]
        self._next_message = 0
        self._idle: list[Connection] = []
        self._busy: dict[Connection, Exchange] = {}
        self._waiting: deque[Exchange] = deque()
        self._connecting = 0
        self.tally = Tally(client, plan)
        self.connections_opened = 0
        self.waiting_at_most = 0

    @property
    def outstanding(self) -> int:
        """Requests that have neither an answer nor failed."""
        return len(self._busy) + len(self._waiting)

    async def warm_up(self) -> None:
        """Open the connections that the plan wants before the first arrival.

        Raises OSError when the target or the source address cannot be used.
        """
        await asyncio.gather(*(self._open() for _ in range(self._client.connections)))

    def offer(self, scheduled: float, phase: str) -> None:
        """Send the next request, timed from ``scheduled`` (monotonic seconds)."""
        message, bodyless = self._messages[self._next_message]
        self._next_message = (self._next_message + 1) % len(self._messages)
        exchange = Exchange(scheduled, self.tally.offer(phase), message, bodyless=bodyless)
        if self._idle:
            self._send(self._idle.pop(), exchange)
            return
        self._waiting.append(exchange)
        self.waiting_at_most = max(self.waiting_at_most, len(self._waiting))
        self._open_more()

    def give_up_on_late(self, now: float) -> None:
        """Fail what has had no answer in time."""
        oldest = now - self._plan.timeout_seconds
        while self._waiting and self._waiting[0].scheduled < oldest:
            self.tally.failed(self._waiting.popleft().sheet, "timeout_unsent")
        late = [link for link, exchange in self._busy.items() if exchange.scheduled < oldest]
        for connection in late:
            connection.abort("timeout")

    def close(self) -> None:
        """Close every connection."""
        for connection in [*self._idle, *self._busy]:
            connection.abort("end_of_run")

    def on_open(self, connection: Connection) -> None:
        """Part of Owner."""
        self.connections_opened += 1
        self._use(connection)

    def on_answer(self, connection: Connection, exchange: Exchange, answer: Answer) -> None:
        """Part of Owner."""
        self.tally.answered(exchange.sheet, answer, time.monotonic() - exchange.scheduled)
        del self._busy[connection]
        if not answer.closes:
            self._use(connection)

    def on_closed(self, connection: Connection, exchange: Exchange | None, reason: str) -> None:
        """Part of Owner."""
        if exchange is not None:
            self.tally.failed(exchange.sheet, reason)
            del self._busy[connection]
        elif connection in self._idle:
            self._idle.remove(connection)
        self._open_more()

    def _use(self, connection: Connection) -> None:
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _send(self, connection: Connection, exchange: Exchange) -> None:
        self._busy[connection] = exchange
        connection.send(exchange)

    def _open_more(self) -> None:
        """Open a connection for each waiting request that none is being opened for."""
        room = self._client.connections_at_most - len(self._busy) - len(self._idle)
        for _ in range(min(len(self._waiting), room) - self._connecting):
            self._connecting += 1
            self._group.create_task(self._open_for_waiting())

    async def _open_for_waiting(self) -> None:
        try:
            async with asyncio.timeout(self._plan.timeout_seconds):
                await self._open()
        except (OSError, TimeoutError):
            if self._waiting:
                self.tally.failed(self._waiting.popleft().sheet, "connect_failure")
        finally:
            self._connecting -= 1

    async def _open(self) -> None:
        source = None if self._client.source is None else (self._client.source, 0)
        await asyncio.get_running_loop().create_connection(
            lambda: Connection(self), self._plan.host, self._plan.port, local_addr=source
        )


def encoded(request: Request, plan: Plan) -> bytes:
    """The bytes of a request, ``Host`` and ``Content-Length`` added."""
    body = request.body.encode()
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {plan.host}:{plan.port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
