"""Clients that ask one request after another while a test does something to the sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.integration.clients.connection import Answer, BrokenAnswer, Connection
from tests.servers.ports import Address

#: Between two requests of a client: the machine's other core has a sidecar to start.
_PAUSE_SECONDS = 0.005

#: Asks one thing on a connection that is handed to it.
Question = Callable[[Connection], Awaitable[Answer]]


@dataclass
class Notes:
    """What the clients of one sort met."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    connections: int = 0

    @property
    def asked(self) -> int:
        return self.statuses.total() + len(self.failures)

    def percentile_seconds(self, share: float) -> float:
        """How long that share of the answered requests took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Crowd:
    """A number of clients at ``address``; each notes what it meets in the notes of its sort."""

    def __init__(
        self,
        address: Address,
        pause_seconds: float = _PAUSE_SECONDS,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._tls = tls
        self._pause_seconds = pause_seconds
        self._stopping = False
        self.notes: dict[str, Notes] = {}
        self._clients: list[Awaitable[None]] = []

    def add(self, sort: str, count: int, question: Question, *, keep_alive: bool) -> Notes:
        """More clients; with ``keep_alive`` each keeps its connection until told to close it."""
        notes = self.notes.setdefault(sort, Notes())
        for _ in range(count):
            self._clients.append(self._client(question, notes, keep_alive=keep_alive))
        return notes

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everybody asks while the block runs; whatever was begun is finished afterwards."""
        async with asyncio.TaskGroup() as group:
            for client in self._clients:
                group.create_task(_to_the_end(client))
            try:
                yield
            finally:
                self._stopping = True

    @property
    def failures(self) -> Sequence[str]:
        """What went wrong, for everybody."""
        return [
            f"{sort}: {failure}" for sort, notes in self.notes.items() for failure in notes.failures
        ]

    async def _client(self, question: Question, notes: Notes, *, keep_alive: bool) -> None:
        connection: Connection | None = None
        try:
            while not self._stopping:
                connection = await self._ask(connection, question, notes)
                if connection is not None and not keep_alive:
                    await connection.close()
                    connection = None
                await asyncio.sleep(self._pause_seconds)
        finally:
            if connection is not None:
                await connection.close()

    async def _ask(
        self, connection: Connection | None, question: Question, notes: Notes
    ) -> Connection | None:
        """Ask once; returns the connection when it can be used on."""
        began = time.monotonic()
        reused = connection is not None
        try:
            if connection is None:
                connection = await Connection.open(self._address, tls=self._tls)
                notes.connections += 1
            answer = await question(connection)
        except (OSError, BrokenAnswer) as error:
            how = "reused" if reused else "new"
            notes.failures.append(f"on a {how} connection: {type(error).__name__}: {error}")
            if connection is not None:
                await connection.close()
            return None
        notes.seconds.append(time.monotonic() - began)
        notes.statuses[answer.status] += 1
        if answer.closes:
            await connection.close()
            return None
        return connection


async def _to_the_end(client: Awaitable[None]) -> None:
    await client


def get(target: str, expected: bytes | int | None = None) -> Question:
    """Asks for ``target``; an answer with another body, or another length, is a broken one."""

    async def question(connection: Connection) -> Answer:
        answer = await connection.ask(target)
        size = expected if isinstance(expected, int) else None
        wrong = size is not None and len(answer.body) != size
        if wrong or (isinstance(expected, bytes) and answer.body != expected):
            raise BrokenAnswer(f"{answer.status} with {answer.body[:200]!r}")
        return answer

    return question
