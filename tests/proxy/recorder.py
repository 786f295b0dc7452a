"""Upstreams that note what they are sent, byte for byte, and a reading of it that is not ours."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import h11

from tests.proxy.client import until


class HangsUp(Protocol):
    """A proxy that can be told to close its idle connections."""

    async def hang_up(self) -> None: ...


@dataclass
class Heard:
    """One request, as another parser understands it."""

    method: bytes
    target: bytes
    version: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    whole: bool = False

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
    def parent(self) -> bytes:
        """The span that it was told as its parent."""
        return (self.get("traceparent") or b"").split(b"-")[2]

    @property
    def lasting(self) -> list[tuple[bytes, bytes]]:
        """The fields that are the same in every try of one request."""
        return [one for one in self.headers if one[0] != b"traceparent"]

    @property
    def names(self) -> list[bytes]:
        return [name for name, _ in self.headers]


class Ear:
    """Reads requests off one connection; whatever is no request is an error of the test."""

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        self.heard: list[Heard] = []

    def hear(self, data: bytes) -> int:
        """Take in what was received; returns how many requests it completed."""
        self._parser.receive_data(data)
        completed = 0
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return completed
            if isinstance(event, h11.Request):
                raw = list(event.headers.raw_items())
                self.heard.append(Heard(event.method, event.target, event.http_version, raw))
            elif isinstance(event, h11.Data):
                self.heard[-1].body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.heard[-1].trailers = list(event.headers)
                self.heard[-1].whole = True
                completed += 1
                self._next_message()

    def _next_message(self) -> None:
        """Whatever came after the message begins a new one, as it would at a lenient server."""
        rest = self._parser.trailing_data[0]
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        if rest:
            self._parser.receive_data(rest)


@dataclass
class Recorder:
    """An upstream that notes every byte it is sent and answers each whole request alike."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    connections: list[bytearray] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)
    #: Connections that have not ended.
    open: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen, ear = bytearray(), Ear()
        self.connections.append(seen)
        self.ears.append(ear)
        self.open += 1
        try:
            while data := await reader.read(1 << 16):
                seen += data
                for _ in range(ear.hear(data)):
                    writer.write(self.answer)
        finally:
            self.open -= 1

    async def all_heard(self, running: HangsUp) -> None:
        """Wait until everything that was ever sent here has been heard."""
        await running.hang_up()
        await until(lambda: not self.open)

    @property
    def seen(self) -> bytes:
        """Everything received, connection after connection."""
        return b"".join(map(bytes, self.connections))

    @property
    def requests(self) -> list[Heard]:
        """All requests, those that were cut off included."""
        return [one for ear in self.ears for one in ear.heard]

    @property
    def whole(self) -> list[Heard]:
        """The requests that came to their end."""
        return [one for one in self.requests if one.whole]
