"""Cuts what a service writes into lines, of bounded length, whatever it writes."""

from __future__ import annotations

from typing import Final

#: The most that is kept of one line.
LINE_BYTES_AT_MOST: Final = 32 * 1024
_CUT: Final = b"..."


class Lines:
    """Pieces of output in, whole lines out, without what ends them."""

    __slots__ = ("_begun", "_is_cut")

    def __init__(self) -> None:
        self._begun = b""
        #: Whether what comes until the next line feed belongs to a line that is told already.
        self._is_cut = False

    def feed(self, data: bytes) -> list[bytes]:
        """What has become whole with these bytes; a line that is too long is told cut, once."""
        *whole, rest = data.split(b"\n")
        lines = []
        for one in whole:
            if self._is_cut:
                self._is_cut = False
                continue
            lines.append(_bounded(self._begun + one))
            self._begun = b""
        if not self._is_cut:
            self._begun += rest
            if len(self._begun) > LINE_BYTES_AT_MOST:
                lines.append(_bounded(self._begun))
                self._begun, self._is_cut = b"", True
        return lines

    def skip(self, data: bytes) -> int:
        """Take no note of these bytes; how many lines begin or go on in them that nobody is told.

        It costs next to nothing, however many lines they are.
        """
        if not data:
            return 0
        ends = data.count(b"\n")
        unended = not data.endswith(b"\n")
        known = self._is_cut
        self._begun, self._is_cut = b"", unended
        return ends + unended - known

    def end(self) -> list[bytes]:
        """There is no more: what was begun is a line too."""
        rest, self._begun = self._begun, b""
        self._is_cut = False
        return [rest] if rest else []


def _bounded(line: bytes) -> bytes:
    if len(line) > LINE_BYTES_AT_MOST:
        return line[:LINE_BYTES_AT_MOST] + _CUT
    return line.removesuffix(b"\r")
