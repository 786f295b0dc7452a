"""A client that sends what it is told to and reads answers with a parser that is not ours."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import h11

#: Longer than anything here takes; what is waited for is an event, never time.
PATIENCE_SECONDS = 5.0


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the loop itself is what is waited for
            await asyncio.sleep(0)


def raw_socket(writer: asyncio.StreamWriter) -> socket.socket:
    """What is under a connection, to be used and closed before the loop turns again."""
    return socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset instead of an end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class BrokenAnswerError(Exception):
    """The connection ended, or went wrong, in the middle of an answer."""


@dataclass
class Answer:
    """One response, with the interim ones before it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    version: bytes = b""
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    interim: list[tuple[int, list[tuple[bytes, bytes]]]] = field(default_factory=list)

    def all(self, name: str) -> list[bytes]:
        """Every value of a field."""
        wanted = name.lower().encode()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get(self, name: str) -> bytes | None:
        """The only value of a field."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs more than once: {values}"
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        return self.get("connection") == b"close"


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._rest = b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), PATIENCE_SECONDS)

    async def read(self, most: int = 1 << 16) -> bytes:
        """What comes next, empty at the end."""
        if self._rest:
            data, self._rest = self._rest[:most], self._rest[most:]
            return data
        return await asyncio.wait_for(self.reader.read(most), PATIENCE_SECONDS)

    async def read_until(self, end: bytes) -> bytes:
        """Everything up to and with ``end``."""
        seen = b""
        while end not in seen:
            data = await self.read()
            if not data:
                raise BrokenAnswerError(seen)
            seen += data
        at = seen.index(end) + len(end)
        self._rest = seen[at:] + self._rest
        return seen[:at]

    async def read_exactly(self, size: int) -> bytes:
        seen = b""
        while len(seen) < size:
            data = await self.read(size - len(seen))
            if not data:
                raise BrokenAnswerError(seen)
            seen += data
        return seen

    async def read_to_end(self) -> bytes:
        """Everything until the connection is closed; raises ``ConnectionResetError``."""
        seen = []
        while data := await self.read():
            seen.append(data)
        return b"".join(seen)

    async def answer(self, method: str = "GET") -> Answer:
        """One whole answer. Raises ``BrokenAnswerError`` when it is not whole and valid."""
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        parser.send(h11.EndOfMessage())
        final: Answer | None = None
        interim: list[tuple[int, list[tuple[bytes, bytes]]]] = []
        body = bytearray()
        parser.receive_data(self._rest) if self._rest else None
        self._rest = b""
        while True:
            try:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    parser.receive_data(await self.read())
                    continue
            except (h11.RemoteProtocolError, ConnectionError) as error:
                raise BrokenAnswerError(f"{error}, after {final}") from error
            if isinstance(event, h11.InformationalResponse):
                interim.append((event.status_code, list(event.headers)))
            elif isinstance(event, h11.Response):
                version = bytes(event.http_version)
                final = Answer(event.status_code, list(event.headers), version, interim=interim)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert final is not None
                final.body = bytes(body)
                final.trailers = list(event.headers)
                self._rest = parser.trailing_data[0]
                return final
            else:
                raise BrokenAnswerError(repr(event))

    def send_end(self) -> None:
        """Send nothing more, and read on."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Be gone at once, as after a crash."""
        reset(self.writer)

    def close(self) -> None:
        self.writer.transport.abort()
