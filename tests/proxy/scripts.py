"""What scripted upstreams say."""

from __future__ import annotations

import asyncio

from tests.proxy.harness import Script
from tests.proxy.recorder import Ear


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces)
    return chunks + b"0\r\n" + trailers + b"\r\n"


def answering(raw: bytes, *, close: bool = False) -> Script:
    """Answers each whole request with ``raw``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                writer.write(raw)
                if close:
                    return

    return serve


def head(*lines: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    return "\r\n".join([f"HTTP/{version} {status}", *lines, "", ""]).encode()
