"""A service that begins its answers and never ends them; run as a process, to be killed.

``/length``, ``/chunked`` and ``/close`` say how the answer is framed, ``/early`` sends an interim
answer alone, ``/silent`` nothing at all; anything else is answered properly. Bodies of requests
are not read.
"""

from __future__ import annotations

import asyncio
import ssl
import sys

PIECE = b"as far as this"
_PIECE_CHUNK = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
_BEGUN = {
    b"/length": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + PIECE,
    b"/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _PIECE_CHUNK,
    b"/chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + PIECE,
    b"/close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PIECE,
    b"/early": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n",
    b"/head": b"HTTP/1.1 200 OK\r\nContent-Le",
    b"/silent": b"",
}
_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer what can be answered, then wait for the end."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            writer.write(_BEGUN.get(path, _WHOLE))
            await writer.drain()
            if path in _BEGUN:
                # What else comes stays in the kernel.
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.Event().wait()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int, *certificate: str) -> None:
    """Serve until killed; with a certificate and its key, over TLS."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
