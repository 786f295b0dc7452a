"""One exporter from its start to its end: what it was handed, and what it says became of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sidecar.export.frames import BadFrame, Begin, End, Report, encode_frame, report_reader
from sidecar.export.outbox import Frame, Outbox
from sidecar.export.process import ExporterProcess, socket_pair

_READ_BYTES: Final = 64 * 1024
#: How long a child that is gone from its socket may take to end.
_REAP_SECONDS: Final = 1.0
#: What nobody counts.
_UNCOUNTED: Final = ""


class Attendance:
    """Frames wait here from the beginning, also while the process is not there yet.

    ``reported`` is told of each report, and ``gone`` once, after the last of them. Raises
    ``OSError`` when there can be no socket.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        begin: Begin,
        reported: Callable[[Attendance, Report], None],
        gone: Callable[[Attendance], None],
    ) -> None:
        self._loop = loop
        self._reported = reported
        self._gone = gone
        self._socket, self._theirs = socket_pair()
        self._outbox = Outbox(loop, self._socket)
        self._outbox.put(Frame(encode_frame(begin), _UNCOUNTED, 0))
        self._reader = report_reader()
        self._process: ExporterProcess | None = None
        self._is_over = False
        self._handed: Counter[str] = Counter()
        self._hurry = asyncio.Event()
        #: What it said last.
        self.report = Report({}, [])
        #: Set when nothing of it is left.
        self.ended = asyncio.Event()
        loop.add_reader(self._socket.fileno(), self._read)

    @property
    def pid(self) -> int:
        """The number of the process; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    async def spawn(self, pause: float = 0.0) -> None:
        """Start the process, after a pause that ``end`` makes short.

        When it cannot be started it is as if it had ended.
        """
        if pause:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)
        try:
            self._process = await asyncio.to_thread(ExporterProcess, self._theirs)
        except OSError:
            self._over()

    def put(self, frame: Frame) -> bool:
        """Hand this over; False when there is no room, and it is lost."""
        is_taken = self._outbox.put(frame)
        if is_taken:
            self._handed[frame.signal] += frame.items
        return is_taken

    def end(self, seconds: float) -> None:
        """Tell it to bring the rest to safety, and to end."""
        self._hurry.set()
        self._outbox.put(Frame(encode_frame(End(seconds, time.monotonic())), _UNCOUNTED, 0))

    def give_up(self) -> None:
        """It has had its time."""
        self._over()

    def unread(self) -> list[Frame]:
        """What it was not given whole, and somebody else can have."""
        return [frame for frame in self._outbox.left() if frame.signal != _UNCOUNTED]

    def lost(self) -> dict[str, int]:
        """What it was given and has not said to have, by the word for the frame."""
        handed = self._handed.copy()
        for frame in self.unread():
            handed[frame.signal] -= frame.items
        for word, count in self.report.received.items():
            handed[word] -= count
        return {word: count for word, count in handed.items() if count > 0 and word}

    # --- what it says

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
            for report in self._reader.feed(data):
                self._reported(self, report)
                self.report = report
        except BlockingIOError:
            return
        except (OSError, BadFrame):
            data = b""
        if not data:
            self._over()

    def _over(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._loop.remove_reader(self._socket.fileno())
        self._outbox.close()
        self._socket.close()
        if self._process is None:
            self._theirs.close()
            self.ended.set()
        else:
            reaped = self._loop.run_in_executor(None, self._process.end, _REAP_SECONDS)
            reaped.add_done_callback(lambda _: self.ended.set())
        self._gone(self)
