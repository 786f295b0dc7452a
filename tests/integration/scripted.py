"""An upstream on the test's own loop that does exactly what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tests.servers.ports import Address

#: Answers one request: its head, and both ends of the connection. True to wait for another.
Script = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]

_BUFFER_BYTES = 1 << 20


@contextlib.asynccontextmanager
async def upstream(
    script: Script, *, tls: ssl.SSLContext | None = None, path: Path | None = None
) -> AsyncIterator[Address]:
    """Serve ``script`` on a free port, or on a Unix socket at ``path``; gives the address."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        # Cancelled when the block ends; streams would report that as an error.
        with contextlib.suppress(asyncio.CancelledError):
            await _serve(script, reader, writer)
        writer.transport.abort()

    if path is not None:
        server = await asyncio.start_unix_server(serve, path, limit=_BUFFER_BYTES)
        address = f"unix:{path}"
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=_BUFFER_BYTES)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield address
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(
    script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        again = True
        while again:
            head = await reader.readuntil(b"\r\n\r\n")
            again = await script(head, reader, writer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def answer(body: bytes = b"ok", *fields: str, status: str = "200 OK") -> bytes:
    """A whole answer with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body
