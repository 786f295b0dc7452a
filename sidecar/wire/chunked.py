"""Chunked bodies: strictly decoded on the way in, freshly framed on the way out.

Sizes, extensions and line ends are never passed on as they came: what leaves is always framed
anew, so that no peer can be told another length than the one that was counted here.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Final

from sidecar.wire.rejection import BODY_TOO_LARGE, HEAD_TOO_LARGE, Rejected, bad_request
from sidecar.wire.trailers import end_to_end_trailers

_HEX = b"0123456789ABCDEFabcdef"
#: 60 bits: far more than anybody sends, and safe for peers that count in 64.
_SIZE_DIGITS_AT_MOST = 15
#: A size line with its extensions, without CRLF.
_SIZE_LINE_BYTES_AT_MOST = 256
#: Extensions of a whole message: they are bytes that cost us and carry nothing.
_EXTENSION_BYTES_AT_MOST = 16 * 1024

# chunk-ext of RFC 9112, 7.1.1, without its "bad" whitespace, which no sender may generate, and
# without obs-text. Possessive throughout: it never backtracks.
_EXTENSIONS = re.compile(
    rb"""(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]++
            (?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++
                  |"(?:[\t\x20!\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*+"))?+)++""",
    re.VERBOSE,
)

#: What the decoder expects next, once the data of the current chunk has been taken.
_SIZE_LINE: Final = 0
_END_OF_DATA: Final = 1
_TRAILERS: Final = 2


class ChunkedDecoder:
    """The payload of one chunked message, read by read (RFC 9112, 7.1).

    The result does not depend on where reads begin and end. ``max_body`` bounds the payload
    (413), ``limit_trailer_bytes`` the trailer section (431). ``drop_trailers`` names, in lower
    case, trailers to remove beside those that no message may carry.

    A message that ends before ``done`` was cut off; only the caller can see that.
    """

    __slots__ = (
        "_declared",
        "_drop_trailers",
        "_expecting",
        "_extension_bytes",
        "_held",
        "_left",
        "_limit_trailer_bytes",
        "_max_body",
        "done",
        "rest",
        "trailers",
    )

    def __init__(
        self,
        *,
        limit_trailer_bytes: int = 8 * 1024,
        max_body: int = 1 << 62,
        drop_trailers: Container[bytes] = (),
    ) -> None:
        self._limit_trailer_bytes = limit_trailer_bytes
        self._max_body = max_body
        self._drop_trailers = drop_trailers
        self._expecting = _SIZE_LINE
        #: The beginning of a line whose end has not been read; bounded by the limits above.
        self._held = b""
        #: Bytes of the current chunk still to come.
        self._left = 0
        #: Sum of the chunk sizes read.
        self._declared = 0
        self._extension_bytes = 0
        #: Whether the whole message, trailers included, has been read.
        self.done = False
        #: What was read beyond the end of the message; it belongs to the next one.
        self.rest = b""
        #: Trailers that may be passed on, as ``Name: value``; complete once ``done``.
        self.trailers: list[bytes] = []

    @property
    def total(self) -> int:
        """Payload bytes decoded so far."""
        return self._declared - self._left

    def feed(self, data: bytes) -> bytes:
        """The payload in the next bytes of the message, empty when they hold none.

        Raises ``Rejected`` for anything malformed, ambiguous or beyond a limit; the decoder is
        of no use afterwards.
        """
        size = len(data)
        if size < self._left:
            # The most frequent read by far: the middle of a large chunk.
            self._left -= size
            return data
        if self.done:
            self.rest += data
            return b""
        if self._held:
            data = self._held + data
            self._held = b""
        pieces = self._read(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read(self, data: bytes) -> list[bytes]:
        """Walk through everything that ``data`` completes; hold what it leaves incomplete."""
        pieces: list[bytes] = []
        at = 0
        if self._left:
            pieces.append(data[: self._left])
            at = self._left
            self._left = 0
            self._expecting = _END_OF_DATA
        if self._expecting == _END_OF_DATA:
            if not data.startswith(b"\r\n", at):
                self._hold_end_of_data(data[at:])
                return pieces
            at += 2
            self._expecting = _SIZE_LINE
        if self._expecting == _SIZE_LINE:
            at = self._read_chunks(data, at, pieces)
        if self._expecting == _TRAILERS:
            self._read_trailers(data, at)
        return pieces

    def _read_chunks(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Take chunks, beginning with a size line, until ``data`` or the body ends.

        Returns where the trailers begin, if they do. One tight loop: a sender of tiny chunks
        makes us go round it ten thousand times in one read.
        """
        available = len(data)
        while True:
            end = data.find(b"\r\n", at, at + _SIZE_LINE_BYTES_AT_MOST + 2)
            if end < 0:
                self._hold_size_line(data[at:])
                return at
            line = data[at:end]
            # int() alone would take signs, underscores, spaces and 0x.
            if line.translate(None, _HEX) or not line or end - at > _SIZE_DIGITS_AT_MOST:
                line = self._without_extensions(line)
            size = int(line, 16)
            at = end + 2
            if not size:
                self._expecting = _TRAILERS
                return at
            self._declared += size
            if self._declared > self._max_body:
                raise Rejected(413, BODY_TOO_LARGE, "the body is too large (RFC 9110, 15.5.14)")
            end = at + size
            if end > available:
                self._left = end - available
                if at < available:
                    pieces.append(data[at:])
                return at
            pieces.append(data[at:end])
            if not data.startswith(b"\r\n", end):
                self._expecting = _END_OF_DATA
                self._hold_end_of_data(data[end:])
                return end
            at = end + 2

    def _without_extensions(self, line: bytes) -> bytes:
        """The digits of a size line; its extensions are hop-by-hop, checked and dropped."""
        digits, semicolon, _ = line.partition(b";")
        if semicolon:
            self._check_extensions(line[len(digits) :])
        if not 0 < len(digits) <= _SIZE_DIGITS_AT_MOST or digits.translate(None, _HEX):
            raise _bad_size()
        return digits

    def _check_extensions(self, extensions: bytes) -> None:
        self._extension_bytes += len(extensions)
        if self._extension_bytes > _EXTENSION_BYTES_AT_MOST:
            raise bad_request("the chunk extensions are too many (RFC 9112, 7.1.1)")
        if not _EXTENSIONS.fullmatch(extensions):
            raise bad_request("a chunk extension is malformed (RFC 9112, 7.1.1)")

    def _read_trailers(self, data: bytes, at: int) -> None:
        """Finish the message if its trailer section is complete, else hold what there is."""
        if data.startswith(b"\r\n", at):
            self.rest = data[at + 2 :]
            self.done = True
            return
        end = data.find(b"\r\n\r\n", at, at + self._limit_trailer_bytes + 4)
        if end >= 0:
            self.trailers = end_to_end_trailers(data[at:end], self._drop_trailers)
            self.rest = data[end + 4 :]
            self.done = True
            return
        pending = data[at:]
        if len(pending) >= self._limit_trailer_bytes + 4:
            raise Rejected(431, HEAD_TOO_LARGE, "the trailers are too large (RFC 6585, 5)")
        _check_line_ends(pending)
        self._held = pending

    # What is held is refused as soon as it cannot become good: a peer should not wait for a
    # time-out to learn that it is misunderstood.

    def _hold_end_of_data(self, pending: bytes) -> None:
        if pending not in (b"", b"\r"):
            raise bad_request("a chunk is not as long as its size says (RFC 9112, 7.1)")
        self._held = pending

    def _hold_size_line(self, pending: bytes) -> None:
        if len(pending) >= _SIZE_LINE_BYTES_AT_MOST + 2:
            raise bad_request("a chunk's size line is too long (RFC 9112, 7.1.1)")
        _check_line_ends(pending)
        digits = pending.partition(b";")[0].rstrip(b"\r")
        if digits.translate(None, _HEX) or len(digits) > _SIZE_DIGITS_AT_MOST:
            raise _bad_size()
        self._held = pending


def _bad_size() -> Rejected:
    return bad_request("a chunk size is not 1 to 15 hexadecimal digits (RFC 9112, 7.1)")


def _check_line_ends(pending: bytes) -> None:
    pairs = pending.count(b"\r\n")
    if pending.count(b"\n") != pairs or pending.count(b"\r", 0, len(pending) - 1) > pairs:
        raise bad_request("a line of the chunked framing ends in a bare CR or LF (RFC 9112, 2.2)")


def encode_chunk(payload: bytes) -> bytes:
    """One chunk, ready to be written; nothing for an empty payload, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


def last_chunk(trailers: Iterable[bytes] = ()) -> bytes:
    """The end of a chunked body, with these ``Name: value`` lines as its trailers."""
    lines = b"\r\n".join(trailers)
    return b"0\r\n%b\r\n\r\n" % lines if lines else b"0\r\n\r\n"
