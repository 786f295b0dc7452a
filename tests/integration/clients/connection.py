"""An HTTP/1.1 client that forgives nothing: what is not one whole, well-framed answer is an error.

It never sends anything twice and never opens a connection unasked, as real clients do behind
their users' backs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Self

from tests.servers.ports import Address

ANSWER_SECONDS = 20.0
_BUFFER_BYTES = 1 << 20

Fields = Iterable[tuple[str, str]]


class BrokenAnswer(Exception):  # noqa: N818 - reads as what it says
    """The connection ended, or said something else, before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    #: The statuses of the interim answers that came before it.
    interim: tuple[int, ...] = ()

    def field(self, name: str) -> str:
        """The values of a field, joined by commas; empty when it is not there."""
        return ", ".join(value for given, value in self.fields if given == name)

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return "close" in self.field("connection").lower()


class Connection:
    """One connection; ``async with await Connection.open(address) as connection``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(
        cls,
        address: Address,
        *,
        tls: ssl.SSLContext | None = None,
        buffer_bytes: int = _BUFFER_BYTES,
    ) -> Self:
        """Connect. Raises ``OSError``."""
        async with asyncio.timeout(ANSWER_SECONDS):
            if address.startswith("unix:"):
                path = address.removeprefix("unix:")
                return cls(*await asyncio.open_unix_connection(path, limit=buffer_bytes))
            host, _, port = address.rpartition(":")
            name = "localhost" if tls else None
            streams = await asyncio.open_connection(
                host, int(port), ssl=tls, server_hostname=name, limit=buffer_bytes
            )
            return cls(*streams)

    async def ask(
        self, target: str = "/", *, method: str = "GET", fields: Fields = (), body: bytes = b""
    ) -> Answer:
        """Send one request and read its answer. Raises ``BrokenAnswer`` or ``OSError``."""
        await self.send(encoded(target, method=method, fields=fields, body=body))
        return await self.answer(method)

    async def send(self, data: bytes) -> None:
        """Send bytes, all of them."""
        self.writer.write(data)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self.writer.drain()

    async def answer(self, method: str = "GET") -> Answer:
        """Read the answer to a request that was sent; raises as ``ask`` does."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._read(method)
        except asyncio.IncompleteReadError as error:
            got = error.partial[-80:]
            raise BrokenAnswer(f"the connection ended after {got!r}") from error
        except (TimeoutError, ValueError, IndexError) as error:
            raise BrokenAnswer(repr(error)) from error

    async def head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """The status and the fields of the next head, interim or not."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), tuple((n.lower(), v.strip()) for n, _, v in pairs)

    async def end(self, within_seconds: float = ANSWER_SECONDS) -> bytes:
        """Everything until the other side closes. Raises ``TimeoutError`` when it does not."""
        async with asyncio.timeout(within_seconds):
            return await self.reader.read(-1)

    async def close(self) -> None:
        """Close it, whatever its state."""
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _read(self, method: str) -> Answer:
        interim: list[int] = []
        status, fields = await self.head()
        while status < 200 and status != 101:
            interim.append(status)
            status, fields = await self.head()
        without_body = Answer(status, fields, b"", tuple(interim))
        if method == "HEAD" or status in (101, 204, 304):
            return without_body
        body = await self._body(without_body)
        return Answer(status, fields, body, tuple(interim))

    async def _body(self, head: Answer) -> bytes:
        if head.field("transfer-encoding"):
            return b"".join([piece async for piece in self._chunks()])
        length = head.field("content-length")
        if length:
            return await self.reader.readexactly(int(length))
        if not head.closes:
            raise BrokenAnswer("neither a length, nor chunks, nor Connection: close")
        return await self.reader.read(-1)

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            piece = await self.reader.readexactly(size + 2)
            if piece[-2:] != b"\r\n":
                raise BrokenAnswer(f"a chunk ends in {piece[-2:]!r}")
            yield piece[:-2]
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass


async def ask(
    address: Address,
    target: str = "/",
    *,
    method: str = "GET",
    fields: Fields = (),
    body: bytes = b"",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One request on a connection of its own."""
    async with await Connection.open(address, tls=tls) as connection:
        return await connection.ask(target, method=method, fields=fields, body=body)


def encoded(
    target: str = "/", *, method: str = "GET", fields: Fields = (), body: bytes = b""
) -> bytes:
    """The bytes of a request; ``Content-Length`` is added where there is a body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: shop.example"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
