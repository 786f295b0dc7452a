"""The log: one JSON line for each request, and one for each thing that happens to the sidecar.

Encoding happens on the loop, in slices that its caller bounds; writing happens in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from sidecar.telemetry import attributes as a
from sidecar.telemetry.access_sampling import AccessSampling
from sidecar.telemetry.clock import moment, wall_offset
from sidecar.telemetry.decision_line import DecisionLine, decision_lines
from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.destination import Destination, FileDestination, StreamDestination
from sidecar.telemetry.line_writer import QUEUE_BYTES, LineWriter
from sidecar.telemetry.log_records import event_log_record
from sidecar.telemetry.metrics import LOGS, Meters
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.request_line import RequestLine, request_line
from sidecar.telemetry.signals import LogRecord
from sidecar.telemetry.unicode_text import mended, unicode

STDOUT: Final = "stdout"
STDERR: Final = "stderr"
NONE: Final = "none"
#: Destinations that are no files.
STREAMS: Final = frozenset({STDOUT, STDERR, NONE})

#: How severities rank, and from which on there are lines unless somebody says otherwise.
LEVELS: Final = {one.value: rank for rank, one in enumerate(Severity)}
DEFAULT_LEVEL: Final = Severity.INFO.value
_INFO: Final = LEVELS[DEFAULT_LEVEL]

#: What an event may be told with.
AttributeValue = str | int | float | bool | Sequence[str]


class AccessLog:
    """Turns records and events into lines and hands them to the writer.

    ``destination`` is ``stdout``, ``stderr``, a path, or ``none``: then requests are not logged
    and events go to standard error. Raises ``OSError`` when a path cannot be opened.
    """

    def __init__(
        self,
        destination: str,
        meters: Meters,
        wall_offset: Callable[[], float] = wall_offset,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._logs_requests = destination != NONE
        self._service = meters.service
        self._least = LEVELS[DEFAULT_LEVEL]
        self.choose(1.0, decisions=True)
        self._wall_offset = wall_offset
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        #: Who is told of events as log records, too, and of what a service that we have started
        #: logs. It is called on the loop, and must not block.
        self.ship: Callable[[Sequence[LogRecord]], None] = _to_nobody
        self._writer = LineWriter(_open(destination), partial(meters.dropped, LOGS), queue_bytes)

    def choose(self, access: float, *, decisions: bool) -> None:
        """From now on ``access`` of the requests have a line, and decisions do or do not."""
        self._sampling = AccessSampling(access)
        self._decisions = decisions

    def feed(self, records: Sequence[ExchangeRecord]) -> None:
        """Log these requests; about three microseconds each. Never raises, never blocks."""
        if not self._logs_requests or not records:
            return
        offset, service = self._wall_offset(), self._service
        if self._least > _INFO:
            records = [one for one in records if one.status >= 500]
        takes = None if self._sampling.takes_all else self._sampling.takes
        lines: list[RequestLine | DecisionLine] = []
        for record in records:
            line = request_line(record, service, offset)
            if takes is None or takes(record):
                lines.append(line)
            if self._decisions and (record.evidence is not None or record.applied is not None):
                lines += decision_lines(record, line)
        if lines:
            self._write(lines)

    def _write(self, lines: list[RequestLine | DecisionLine]) -> None:
        try:
            data = self._encoder.encode_lines(lines)
        except UnicodeEncodeError:
            # Text that is no Unicode, a path of the rule file perhaps: slower, and readable.
            data = b"".join([_clean(self._encoder, line) for line in lines])
        self._writer.write(data, len(lines))

    def log_event(
        self, name: str, severity: str, text: str, /, **attributes: AttributeValue
    ) -> None:
        """Log something that happened to the sidecar.

        ``name`` is an event of the catalogue; a keyword is an attribute's short form, see
        ``attribute_name``.
        """
        if LEVELS[severity] < self._least:
            return
        at = time.monotonic() + self._wall_offset()
        fixed: dict[str, AttributeValue | datetime] = {
            a.TIME.name: moment(at),
            a.SEVERITY.name: severity,
            a.EVENT_NAME.name: name,
            a.SERVICE.name: self._service,
            a.BODY.name: text,
        }
        told = {attribute_name(keyword): value for keyword, value in attributes.items()}
        self._writer.write(_clean(self._encoder, fixed | told | fixed), 1)
        plain: Any = mended(msgspec.to_builtins(told, enc_hook=str))
        rest = {key: value for key, value in plain.items() if key not in fixed}
        self.ship([event_log_record(at, name, severity, unicode(text), rest)])

    def tell(self, records: Sequence[LogRecord]) -> None:
        """Ship what others have logged; nothing of it is written here."""
        self.ship(records)

    @property
    def level(self) -> str:
        """What is logged: this severity and those above it."""
        return next(name for name, rank in LEVELS.items() if rank == self._least)

    @level.setter
    def level(self, name: str) -> None:
        self._least = LEVELS[name]

    def reopen(self) -> None:
        """Begin the file anew: whoever rotates it sends SIGHUP."""
        self._writer.reopen()

    def close(self, timeout_seconds: float) -> None:
        """Write what is left, not longer than this; what is not written by then is counted."""
        self._writer.close(timeout_seconds)


def attribute_name(keyword: str) -> str:
    """The attribute that a keyword stands for: a declared one, or ``sidecar.KEYWORD``."""
    declared = a.KEYWORDS.get(keyword)
    if declared is not None:
        return declared.name
    return keyword if "." in keyword else f"sidecar.{keyword}"


def _open(destination: str) -> Destination:
    if destination == STDOUT:
        return StreamDestination(1)
    if destination in (STDERR, NONE):
        return StreamDestination(2)
    return FileDestination(Path(destination))


def _to_nobody(_: Sequence[LogRecord]) -> None:
    """Nobody wants to be told."""


def _clean(encoder: msgspec.json.Encoder, line: object) -> bytes:
    r"""One line whatever it holds: what is no Unicode is written ``\udcNN``."""
    try:
        return encoder.encode(line) + b"\n"
    except UnicodeEncodeError:
        return encoder.encode(mended(msgspec.to_builtins(line, enc_hook=str))) + b"\n"
