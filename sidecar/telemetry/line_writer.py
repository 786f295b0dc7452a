"""Writes log lines in a thread of its own, so that a slow or full disk never stops the loop.

Every line that is handed over is written or counted as dropped, with the reason.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple

from sidecar.telemetry.destination import Destination

#: Some seconds of lines at full load.
QUEUE_BYTES: Final = 8 * 1024 * 1024
#: What a batch in the queue costs beside its text: many short ones must stay bounded too.
_OVERHEAD_BYTES: Final = 256
#: How often a blocked write looks whether it should give up.
_PATIENCE_SECONDS: Final = 0.1
#: How often a file is looked for under its name.
_REFRESH_SECONDS: Final = 1.0
#: How long a thread that was told to give up may take to notice.
_GIVE_UP_SECONDS: Final = 5 * _PATIENCE_SECONDS

_REASONS: Final = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EPIPE: "broken_pipe",
    errno.ECONNRESET: "broken_pipe",
}


class _Batch(NamedTuple):
    """Whole lines, each with its line feed, and how many they are."""

    data: bytes
    lines: int

    @property
    def held_bytes(self) -> int:
        """What it costs to hold it."""
        return len(self.data) + _OVERHEAD_BYTES


class _Order(Enum):
    REOPEN = auto()
    STOP = auto()


class LineWriter:
    """One destination, one thread, one bounded queue; ``write`` never blocks.

    ``dropped(reason, count)`` is told of every loss; each reason by one thread at a time.
    """

    def __init__(
        self,
        destination: Destination,
        dropped: Callable[[str, int], None],
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._destination = destination
        self._dropped = dropped
        self._queue_bytes = queue_bytes
        self._queue: SimpleQueue[_Batch | _Order] = SimpleQueue()
        # Each is written by one thread alone, so that no lock is needed to bound the queue.
        self._accepted_bytes = 0
        self._finished_bytes = 0
        self._closed = False
        self._give_up = False
        self._sent_bytes = 0
        self._torn = False
        self._refresh_at = 0.0
        # A daemon: a disk that never answers must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes, count: int) -> None:
        """Hand over ``count`` lines, all of them ending in a line feed."""
        batch = _Batch(data, count)
        if self._closed:
            self._dropped("shutdown", count)
        elif self._held_bytes() + batch.held_bytes > self._queue_bytes:
            self._dropped("queue_full", count)
        else:
            self._accepted_bytes += batch.held_bytes
            self._queue.put(batch)

    def reopen(self) -> None:
        """Begin the file anew, after what was handed over before."""
        self._queue.put(_Order.REOPEN)

    def close(self, timeout_seconds: float) -> None:
        """Write what is left, not longer than this; then drop the rest, counted."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(_Order.STOP)
        self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            self._give_up = True
            self._thread.join(_GIVE_UP_SECONDS)
        with suppress(Empty):
            while True:
                self._drop_unwritten(self._queue.get_nowait())

    def _held_bytes(self) -> int:
        return self._accepted_bytes - self._finished_bytes

    def _drop_unwritten(self, item: _Batch | _Order) -> None:
        if isinstance(item, _Batch):
            self._dropped("shutdown", item.lines)

    # --- the thread

    def _run(self) -> None:
        while not self._give_up:
            item = self._queue.get()
            if item is _Order.STOP:
                break
            if isinstance(item, _Batch):
                self._deliver(item)
                self._finished_bytes += item.held_bytes
            else:
                with suppress(OSError):
                    self._refresh(force=True)
        with suppress(OSError):
            self._destination.close()

    def _deliver(self, batch: _Batch) -> None:
        self._sent_bytes = 0
        try:
            self._refresh(force=False)
            self._mend()
            self._send(batch.data)
        except OSError as error:
            self._lose(batch, _REASONS.get(error.errno or 0, "io_error"))
        else:
            if self._sent_bytes < len(batch.data):
                self._lose(batch, "shutdown")

    def _send(self, data: bytes) -> None:
        """Write until it is done or given up; ``_sent_bytes`` is right also when it fails."""
        self._sent_bytes = 0
        view = memoryview(data)
        while self._sent_bytes < len(data) and not self._give_up:
            try:
                self._sent_bytes += self._destination.write(view[self._sent_bytes :])
            except BlockingIOError:
                self._destination.wait(_PATIENCE_SECONDS)

    def _lose(self, batch: _Batch, reason: str) -> None:
        """Count the lines that were not written whole."""
        data, sent = batch.data, self._sent_bytes
        if sent > 0:
            self._torn = not data.endswith(b"\n", 0, sent)
        # One that lacks its line feed alone can be read, and gets it with the next.
        whole = data.count(b"\n", 0, sent) + data.startswith(b"\n", sent)
        self._dropped(reason, batch.lines - whole)

    def _mend(self) -> None:
        """End a line that was written in part, so that the next one stands alone."""
        if self._torn:
            self._send(b"\n")
            self._torn = self._sent_bytes == 0
            self._sent_bytes = 0

    def _refresh(self, *, force: bool) -> None:
        now = time.monotonic()
        if force or now >= self._refresh_at:
            self._refresh_at = now + _REFRESH_SECONDS
            if self._destination.refresh(force=force):
                self._torn = False
