"""Reads HTTP/1.1 answers off a connection that has one request in flight at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Bytes of an error's or a refusal's body that are kept; the rest is read and dropped.
KEPT_BODY_BYTES: Final = 16 * 1024
HEAD_BYTES_AT_MOST: Final = 64 * 1024

_UNTIL_CLOSED: Final = -1
_CHUNKED: Final = -2


class BrokenAnswer(Exception):  # noqa: N818 - named after what was received
    """What came is not an answer to the request, or not a whole one."""


class Answer(NamedTuple):
    """One complete answer."""

    status: int
    #: The head as received, without the empty line.
    head: bytes
    #: The first part of the body when the status is 400 or above, else empty.
    body: bytes
    #: Whether the server ends the connection after it.
    closes: bool

    def has(self, name: bytes) -> bool:
        """Whether the head has a field of this name (lower-case)."""
        return b"\r\n" + name + b":" in self.head.lower()


class AnswerReader:
    """Is fed bytes, gives back the answer once its last byte is there."""

    __slots__ = (
        "_body",
        "_bodyless",
        "_buffer",
        "_closes",
        "_head",
        "_in_body",
        "_left",
        "_status",
    )

    def __init__(self) -> None:
        self.expect(bodyless=False)

    def expect(self, *, bodyless: bool) -> None:
        """Get ready for the next answer; ``bodyless`` for one to HEAD."""
        self._bodyless = bodyless
        self._buffer = b""
        self._in_body = False
        self._head = b""
        self._status = 0
        self._closes = False
        self._left = 0
        self._body = b""

    def feed(self, data: bytes) -> Answer | None:
        """Take what arrived; the answer when it is complete.

        Raises BrokenAnswer for what is not HTTP/1.1 and for bytes after the end.
        """
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if not self._in_body:
            data = self._read_head(data)
            if not self._in_body:
                self._buffer = data
                return None
        if self._left >= 0:
            return self._read_counted(data)
        if self._left == _CHUNKED:
            return self._read_chunks(data)
        self._keep(data)
        return None

    def end(self) -> Answer:
        """The connection has ended; the answer, if that was its end.

        Raises BrokenAnswer when something was still to come.
        """
        if self._in_body and self._left == _UNTIL_CLOSED:
            return self._answer()
        raise BrokenAnswer("the connection ended before the answer did")

    def _read_head(self, data: bytes) -> bytes:
        """Read heads until a final one; what follows it, or what is there of an unfinished one."""
        while (end := data.find(b"\r\n\r\n")) >= 0:
            self._begin(data[:end])
            data = data[end + 4 :]
            if self._status >= 200:
                self._in_body = True
                return data
        if len(data) > HEAD_BYTES_AT_MOST:
            raise BrokenAnswer("the head does not end")
        return data

    def _begin(self, head: bytes) -> None:
        status = head[9:12]
        if not head.startswith(b"HTTP/1.") or not status.isdigit():
            raise BrokenAnswer(f"not an HTTP/1 status line: {head[:40]!r}")
        self._head = head
        self._status = int(status)
        fields = head.lower()
        self._closes = b"\r\nconnection: close" in fields or head.startswith(b"HTTP/1.0")
        if self._bodyless or self._status in {204, 304}:
            self._left = 0
        elif b"\r\ntransfer-encoding: chunked" in fields:
            self._left = _CHUNKED
        elif (at := fields.find(b"\r\ncontent-length:")) >= 0:
            self._left = _number(fields[at + 17 :].split(b"\r\n", 1)[0].strip(), 10)
        else:
            self._left = _UNTIL_CLOSED
            self._closes = True

    def _read_counted(self, data: bytes) -> Answer | None:
        if len(data) > self._left:
            raise BrokenAnswer("bytes after the end of the answer")
        self._left -= len(data)
        self._keep(data)
        return None if self._left else self._answer()

    def _read_chunks(self, data: bytes) -> Answer | None:
        """Read whole chunks; an unfinished one stays in the buffer."""
        at = 0
        while (line := data.find(b"\r\n", at)) >= 0:
            size = _number(data[at:line].split(b";", 1)[0].strip(), 16)
            if size == 0:
                return self._read_trailers(data, at)
            end = line + 2 + size
            if len(data) < end + 2:
                break
            self._keep(data[line + 2 : end])
            at = end + 2
        self._buffer = data[at:]
        return None

    def _read_trailers(self, data: bytes, last_chunk: int) -> Answer | None:
        end = data.find(b"\r\n\r\n", last_chunk)
        if end < 0:
            self._buffer = data[last_chunk:]
            return None
        if end + 4 != len(data):
            raise BrokenAnswer("bytes after the end of the answer")
        return self._answer()

    def _keep(self, data: bytes) -> None:
        if self._status >= 400 and len(self._body) < KEPT_BODY_BYTES:
            self._body += data[: KEPT_BODY_BYTES - len(self._body)]

    def _answer(self) -> Answer:
        return Answer(self._status, self._head, self._body, self._closes)


def _number(digits: bytes, base: int) -> int:
    try:
        return int(digits, base)
    except ValueError:
        raise BrokenAnswer(f"not a length: {digits[:40]!r}") from None
