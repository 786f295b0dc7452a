"""Joins lines that belong together: a traceback is one thing that has happened, not twenty."""

from __future__ import annotations

from typing import Final, NamedTuple

from sidecar.around.lines import LINE_BYTES_AT_MOST

#: The most that is kept of lines that belong together.
PARAGRAPH_BYTES_AT_MOST: Final = 2 * LINE_BYTES_AT_MOST
#: How long a paragraph waits for its next line.
PATIENCE_SECONDS: Final = 0.25
_TRACEBACK: Final = b"Traceback (most recent call last)"
#: How lines go on that are not indented.
_GOES_ON: Final = (
    _TRACEBACK, b"During handling of the above exception", b"Caused by:",
    b"The above exception was the direct cause",
)  # fmt: skip
_SPACE: Final = (b" ", b"\t")


class Paragraph(NamedTuple):
    """Lines that are told as one, with the moment at which the first one came."""

    at: float
    text: bytes


class Paragraphs:
    """Lines in, paragraphs out: a line with those after it that are indented, or a traceback.

    One that is JSON stands for itself.
    """

    __slots__ = ("_at", "_bytes", "_in_object", "_in_traceback", "_last", "_lines")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._bytes = 0
        self._at = self._last = 0.0
        #: Whether it is JSON that is written over several lines.
        self._in_object = False
        #: Whether the line that ends a traceback, and says what was raised, is still to come.
        self._in_traceback = False

    @property
    def waits_until(self) -> float | None:
        """When ``flush`` is due; None while nothing is held."""
        return self._last + PATIENCE_SECONDS if self._lines else None

    def feed(self, line: bytes, now: float) -> list[Paragraph]:
        """What is whole now that this line has come."""
        self._last = now
        if self._lines and self._goes_on(line):
            self._add(line)
            return self.flush() if self._in_object and line.startswith(b"}") else []
        told = self.flush()
        if line.startswith(b"{") and line != b"{":
            return [*told, Paragraph(now, line)]
        if line.strip():
            self._at = now
            self._in_object = line == b"{"
            self._in_traceback = line.startswith(_TRACEBACK)
            self._add(line)
        return told

    def flush(self) -> list[Paragraph]:
        """What was held, whole or not: nothing more has come for a while."""
        if not self._lines:
            return []
        while not self._lines[-1].strip():
            self._lines.pop()
        told = Paragraph(self._at, b"\n".join(self._lines))
        self._lines, self._bytes = [], 0
        self._in_traceback = self._in_object = False
        return [told]

    def _goes_on(self, line: bytes) -> bool:
        if self._in_object:
            return line.startswith((*_SPACE, b"}"))
        if line.startswith(_GOES_ON):
            self._in_traceback = line.startswith(_TRACEBACK) or self._in_traceback
            return True
        if line.startswith(_SPACE) or (not line and self._is_long()):
            return True
        if self._in_traceback and not line.startswith(b"{"):
            # ``ValueError: what was raised``
            self._in_traceback = False
            return True
        return False

    def _is_long(self) -> bool:
        """Whether an empty line may stand between two tracebacks rather than end it all."""
        return any(one.startswith(_TRACEBACK) for one in self._lines)

    def _add(self, line: bytes) -> None:
        if self._bytes + len(line) <= PARAGRAPH_BYTES_AT_MOST:
            self._lines.append(line)
            self._bytes += len(line) + 1
