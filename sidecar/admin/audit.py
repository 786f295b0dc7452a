"""The audit log: who changed what, when and why, a line of JSON each, in the state directory.

What cannot be written is counted as lost and still remembered here: a full disk stops nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from sidecar.admin.actor import Actor
from sidecar.admin.answers import Change
from sidecar.telemetry.clock import moment
from sidecar.telemetry.destination import FileDestination
from sidecar.telemetry.line_writer import LineWriter

#: How many changes are remembered and served.
REMEMBERED: Final = 500
#: How much of the file is read at the start, to know what happened before.
_TAIL_BYTES: Final = 256 * 1024


class AuditLog:
    """Remembers the last changes, and appends each to its file."""

    def __init__(self, path: Path, lost: Callable[[str, int], None]) -> None:
        """``lost`` is told why, and how many, lines could not be written."""
        self.path = path
        self._lost = lost
        self._changes: deque[Change] = deque(_read_tail(path), maxlen=REMEMBERED)
        self._encoder = msgspec.json.Encoder()
        self._writer: LineWriter | None = None

    def record(  # noqa: PLR0913 - what a change is made of, each by its name
        self,
        action: str,
        target: str,
        setting: str,
        result: str,
        *,
        actor: Actor,
        why: str = "",
        until: datetime | None = None,
    ) -> Change:
        """Put a change down, as of now."""
        change = Change(
            time=moment(time.time()),
            action=action,
            target=target,
            setting=setting,
            result=result,
            by=actor.name,
            why=why,
            until=until,
            details=actor.details,
        )
        self._changes.append(change)
        self._write(self._encoder.encode(change) + b"\n")
        return change

    def last(self, count: int) -> list[Change]:
        """The latest changes, the last one first."""
        return list(self._changes)[: -count - 1 : -1]

    def close(self, timeout_seconds: float) -> None:
        """Write what is left, not longer than this."""
        if self._writer is not None:
            self._writer.close(timeout_seconds)

    def _write(self, line: bytes) -> None:
        if self._writer is None:
            # Not before there is something to write: most sidecars are never touched.
            if self.path.is_fifo():
                # A pipe waits for a reader, and everything with it.
                self._lost("io_error", 1)
                return
            try:
                self._writer = LineWriter(FileDestination(self.path), self._lost)
            except OSError:
                self._lost("io_error", 1)
                return
        self._writer.write(line, 1)


def _read_tail(path: Path) -> list[Change]:
    """The last changes of a file that was written before; lines that cannot be read are left."""
    if path.is_fifo():
        return []
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - _TAIL_BYTES, 0))
            lines = file.read(_TAIL_BYTES).splitlines()
    except OSError:
        return []
    decoder = msgspec.json.Decoder(Change)
    changes = []
    for line in lines:
        try:
            changes.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Cut by the tail's beginning, or by a process that was killed.
            continue
    return changes
