"""Makes log records of a service's output: so many a second at most, and never more than fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sidecar.around.line_record import record_of
from sidecar.around.lines import Lines
from sidecar.around.paragraphs import Paragraph, Paragraphs
from sidecar.telemetry.signals import LogRecord

#: Lines that are shipped of one stream, a second and at once.
LINES_PER_SECOND: Final = 1000.0
LINES_AT_ONCE: Final = 2000.0
#: The most that is on its way to the loop at a time.
BYTES_AT_MOST: Final = 4 * 1024 * 1024
_OVERHEAD_BYTES: Final = 512

TOO_MANY: Final = "too_many_lines"
QUEUE_FULL: Final = "queue_full"

#: Takes records, and how many were lost for which reason; whatever thread it is called in.
Taker = Callable[[Sequence[LogRecord], dict[str, int]], None]


class Shipping:
    """One stream of a service: bytes in, records out to ``take``. For one thread.

    ``now`` is monotonic seconds everywhere.
    """

    def __init__(
        self, stream: str, take: Callable[[list[LogRecord], dict[str, int]], bool]
    ) -> None:
        """``take`` says whether it had room; the records are lost when it had not."""
        self._stream = stream
        self._take = take
        self._lines = Lines()
        self._paragraphs = Paragraphs()
        self._tokens = LINES_AT_ONCE
        self._filled_at: float | None = None
        self._lost: dict[str, int] = {}

    @property
    def waits_until(self) -> float | None:
        """When ``flush`` is due; None while nothing is held."""
        return self._paragraphs.waits_until

    def feed(self, data: bytes, now: float, offset: float) -> None:
        """More output."""
        self._fill(now)
        if self._tokens < 1.0:
            self._lose(TOO_MANY, self._lines.skip(data))
            return
        lines = self._lines.feed(data)
        fitting = min(len(lines), int(self._tokens))
        self._tokens -= fitting
        if len(lines) > fitting:
            self._lose(TOO_MANY, len(lines) - fitting)
        told = [one for line in lines[:fitting] for one in self._paragraphs.feed(line, now)]
        self._hand_over(told, offset)

    def flush(self, offset: float) -> None:
        """Nothing has come for a while."""
        self._hand_over(self._paragraphs.flush(), offset)

    def end(self, now: float, offset: float) -> None:
        """Nothing more will come."""
        told = [one for line in self._lines.end() for one in self._paragraphs.feed(line, now)]
        self._hand_over([*told, *self._paragraphs.flush()], offset)

    def _fill(self, now: float) -> None:
        passed = 0.0 if self._filled_at is None else now - self._filled_at
        self._filled_at = now
        self._tokens = min(self._tokens + passed * LINES_PER_SECOND, LINES_AT_ONCE)

    def _lose(self, reason: str, count: int) -> None:
        if count:
            self._lost[reason] = self._lost.get(reason, 0) + count

    def _hand_over(self, told: list[Paragraph], offset: float) -> None:
        if not told and not self._lost:
            return
        records = [record_of(one, self._stream, offset) for one in told]
        lost, self._lost = self._lost, {}
        if not self._take(records, lost):
            self._lost = lost
            self._lose(QUEUE_FULL, len(records))


def held_bytes(records: Sequence[LogRecord]) -> int:
    """About what it costs to hold them."""
    return sum(len(one.body) + _OVERHEAD_BYTES for one in records)
