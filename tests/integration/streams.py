"""Bodies of any size that are made while they are sent and checked while they are read.

Blocking sockets in threads: the test's own loop would be the slowest part of the way.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from random import Random
from typing import Self

from tests.servers.ports import Address

_BLOCK_BYTES = 256 * 1024
#: Small, so that a reader who stops is felt soon; the kernel would keep megabytes for it.
_RECEIVE_BUFFER_BYTES = 256 * 1024
#: A sender that has sent nothing for this long waits for the reader.
_STALLED_SECONDS = 0.4
_STALLS_WITHIN_SECONDS = 30.0
_TRICKLE_READS = 200
_TRICKLE_BYTES = 4096
_TRICKLE_SECONDS = 0.002
_SECONDS = 60.0

_PATTERN = Random(3).randbytes(_BLOCK_BYTES)


@dataclass
class Source:
    """A body: numbered blocks, so that one lost, doubled or out of order changes the checksum."""

    total_bytes: int
    sent_bytes: int = 0
    checksum: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.total_bytes // _BLOCK_BYTES):
            block = number.to_bytes(8) + _PATTERN[8:]
            self.checksum = zlib.crc32(block, self.checksum)
            yield block
            self.sent_bytes += _BLOCK_BYTES


@dataclass
class Reader:
    """Reads a body, and lets its sender wait once a quarter of it has come."""

    source: Source
    received_bytes: int = 0
    checksum: int = 0
    #: What was on its way while the sender waited: in buffers of the kernel and of the sidecar.
    held_bytes: int = 0
    _slow_reads: int = field(default=_TRICKLE_READS, repr=False)

    def drain(self, read_into: Callable[[memoryview], int]) -> None:
        """Read to the end: fast, not at all, by drops, and fast again."""
        space = memoryview(bytearray(_BLOCK_BYTES))
        while count := read_into(space[: self._appetite_bytes()]):
            self.checksum = zlib.crc32(space[:count], self.checksum)
            self.received_bytes += count

    def _appetite_bytes(self) -> int:
        if not self._slow_reads or self.received_bytes < self.source.total_bytes // 4:
            return _BLOCK_BYTES
        if self._slow_reads == _TRICKLE_READS:
            self._wait_until_sender_waits()
        self._slow_reads -= 1
        time.sleep(_TRICKLE_SECONDS)
        return _TRICKLE_BYTES

    def _wait_until_sender_waits(self) -> None:
        deadline = time.monotonic() + _STALLS_WITHIN_SECONDS
        before = -1
        while self._is_behind(before) and time.monotonic() < deadline:
            before = self.source.sent_bytes
            time.sleep(_STALLED_SECONDS)
        self.held_bytes = self.source.sent_bytes - self.received_bytes

    def _is_behind(self, sent_before_bytes: int) -> bool:
        """Whether the sender still sends, or has not even had its turn on a busy machine."""
        sent_bytes = self.source.sent_bytes
        return sent_bytes != sent_before_bytes or sent_bytes <= self.received_bytes


class StreamingApp(http.server.ThreadingHTTPServer):
    """An upstream that gives ``source`` on GET and takes a body into ``reader`` on POST."""

    daemon_threads = True
    source: Source
    reader: Reader

    @property
    def address(self) -> Address:
        """Where it listens."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StreamingApp

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)

    def do_GET(self) -> None:
        source, chunked = self.server.source, self.path == "/chunked"
        self.send_response(200)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(source.total_bytes))
        self.end_headers()
        for block in source:
            self.wfile.write(_chunk(block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        if self.headers["transfer-encoding"]:
            self.server.reader.drain(_chunks_of(self.rfile))
        else:
            self.server.reader.drain(_length_of(self.rfile, int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silence."""


def _chunk(block: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(block), block)


def _length_of(file: BufferedIOBase, length: int) -> Callable[[memoryview], int]:
    left = length

    def read_into(space: memoryview) -> int:
        nonlocal left
        count = file.readinto1(space[:left])
        left -= count
        return count

    return read_into


def _chunks_of(file: BufferedIOBase) -> Callable[[memoryview], int]:
    left = 0

    def read_into(space: memoryview) -> int:
        nonlocal left
        if not left:
            left = int(file.readline(), 16)
            if not left:
                file.readline()
                return 0
        count = file.readinto1(space[:left])
        left -= count
        if not left:
            file.readline()
        return count

    return read_into


@contextlib.contextmanager
def streaming_app() -> Iterator[StreamingApp]:
    """An upstream for one test file."""
    with StreamingApp(("127.0.0.1", 0), _Handler) as app:
        thread = threading.Thread(target=app.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield app
        finally:
            app.shutdown()
            thread.join()


class StreamClient:
    """A client on one connection. Every method raises ``OSError`` or ``HTTPException``."""

    def __init__(self, address: Address) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=_SECONDS)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)

    def download(self, reader: Reader, *, chunked: bool) -> int:
        """Read an answer's body into ``reader``; returns the status."""
        self._connection.request("GET", "/chunked" if chunked else "/length")
        answer = self._connection.getresponse()
        reader.drain(answer.readinto)
        return answer.status

    def upload(self, source: Source, *, chunked: bool) -> int:
        """Send a body; returns the status of the answer."""
        framing = ("Transfer-Encoding", "chunked")
        if not chunked:
            framing = ("Content-Length", str(source.total_bytes))
        self._connection.request(
            "POST", "/", body=source, headers=dict([framing]), encode_chunked=chunked
        )
        with self._connection.getresponse() as answer:
            answer.read()
            return answer.status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def kernel_buffer_bytes() -> int:
    """The most that the kernel holds of one direction of one TCP connection."""
    return sum(
        int(Path(f"/proc/sys/net/ipv4/tcp_{which}mem").read_text().split()[2])
        for which in ("r", "w")
    )
