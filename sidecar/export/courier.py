"""Carries what is worth telling from the loop to the exporter, and never waits for it.

What the exporter does not take in time is lost and counted. An exporter that dies is started
again, after a pause that gets longer; what comes meanwhile waits for it, as much as fits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from sidecar.export.attendance import Attendance
from sidecar.export.crediting import credit, write_off
from sidecar.export.frames import Begin, Logs, Metrics, Records, Report, encode_frame
from sidecar.export.making import Worth
from sidecar.export.outages import Outages
from sidecar.export.outbox import Frame
from sidecar.telemetry.clock import wall_offset
from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.metrics import LOGS, METRICS, RECORDS, Meters
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.signals import LogRecord, Metric

FIRST_PAUSE_SECONDS: Final = 0.5
MOST_PAUSE_SECONDS: Final = 30.0
#: One that has lived so long was well.
_WELL_SECONDS: Final = 60.0
#: Beyond the time that an exporter has at its end, for its own last steps.
_GRACE_SECONDS: Final = 2.0
#: Each holds some 60 MB, and as many would be there as settings change within seconds.
_LEAVING_AT_MOST: Final = 2

_BEHIND: Final = "exporter_behind"
_DIED: Final = "exporter_died"


class LogEvent(Protocol):
    """Logs an event, as ``AccessLog.log_event`` does."""

    def __call__(self, name: str, severity: str, text: str, /, **attributes: str) -> None:
        """Log this."""


def _to_nobody(_name: str, _severity: str, _text: str, /, **_attributes: str) -> None:
    """Nobody wants to know."""


class Courier:
    """All is called on the loop. Before ``change`` it carries nothing."""

    def __init__(self, meters: Meters, offset: Callable[[], float] = wall_offset) -> None:
        self._meters = meters
        self._offset = offset
        self._begin: Begin | None = None
        self._worth = Worth(0.0, decisions=False)
        self._now: Attendance | None = None
        self._leaving: list[Attendance] = []
        self._pause = FIRST_PAUSE_SECONDS
        self._began = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages = Outages()
        #: Who is told when a backend fails, or the exporter itself.
        self.log_event: LogEvent = _to_nobody

    @property
    def is_carrying(self) -> bool:
        """Whether anybody wants what is told."""
        return self._now is not None

    @property
    def pid(self) -> int:
        """The exporter's number; 0 while there is none."""
        return self._now.pid if self._now is not None else 0

    # --- what is told

    def feed(self, records: Sequence[ExchangeRecord]) -> None:
        """A sink of the pump: hand over those that are worth it."""
        if self._now is None:
            return
        is_worth = self._worth.is_worth
        worth = [record for record in records if is_worth(record)]
        if worth:
            frame = encode_frame(Records(self._offset(), worth))
            self._put(Frame(frame, RECORDS, len(worth)))

    def tell(self, logs: Sequence[LogRecord]) -> None:
        """Hand over events, or lines of the service."""
        if self._now is not None and logs:
            self._put(Frame(encode_frame(Logs([*logs])), LOGS, len(logs)))

    def measure(self, metrics: Sequence[Metric], backends: Sequence[str]) -> None:
        """Hand over all metrics of one moment, for these backends."""
        if self._now is not None and metrics:
            frame = encode_frame(Metrics([*metrics], [*backends]))
            self._put(Frame(frame, METRICS, len(metrics)))

    def _put(self, frame: Frame, reason: str = _BEHIND) -> None:
        if self._now is None or not self._now.put(frame):
            self._meters.dropped(frame.signal, reason, frame.items)

    # --- who carries on

    async def change(self, begin: Begin | None, seconds: float) -> None:
        """From now on an exporter with these settings; the one before has so long to end.

        Returns when the process was started. None for no exporter.
        """
        self._begin = begin
        old = self._now
        self._now = None
        self._meters.exports.wanted(() if begin is None else begin.settings.backends)
        if begin is not None:
            self._worth = Worth(begin.settings.access, decisions=begin.settings.decisions)
            self._pause = FIRST_PAUSE_SECONDS
            self._attend(0.0)
        if old is not None:
            self._leave(old, seconds)
        if self._tasks:
            await asyncio.wait([*self._tasks])

    async def until_there_is_room(self) -> None:
        """Wait while so many exporters are on their way out that another one would be too many."""
        while len(leaving := [one for one in self._leaving if not one.ended.is_set()]) >= (
            _LEAVING_AT_MOST
        ):
            await leaving[0].ended.wait()

    async def end(self, seconds: float) -> None:
        """Let all exporters bring the rest to safety, not much longer than this."""
        await self.change(None, seconds)
        for one in [*self._leaving]:
            await one.ended.wait()

    def _attend(self, pause: float) -> None:
        """Have an exporter, that is started after a pause; it is handed things already."""
        if self._begin is None or self._now is not None:
            return
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        try:
            self._now = Attendance(loop, self._begin, self._reported, self._gone)
        except OSError:
            # No descriptors are left.
            loop.call_later(MOST_PAUSE_SECONDS, self._attend, 0.0)
            return
        task = loop.create_task(self._now.spawn(pause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _leave(self, old: Attendance, seconds: float) -> None:
        self._leaving = [one for one in self._leaving if not one.ended.is_set()]
        self._leaving.append(old)
        old.end(seconds)
        loop = asyncio.get_running_loop()
        loop.call_later(seconds + _GRACE_SECONDS, old.give_up)

    def _next_pause(self) -> float:
        if asyncio.get_running_loop().time() - self._began > _WELL_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        pause = self._pause
        self._pause = min(2 * pause, MOST_PAUSE_SECONDS)
        return pause

    # --- what exporters say

    def _reported(self, one: Attendance, report: Report) -> None:
        is_current = one is self._now
        credit(self._meters, one.report, report, is_current=is_current)
        for backend in report.backends if is_current else ():
            turn = self._outages.heard(backend)
            if turn is not None:
                self.log_event("sidecar.backend", turn.severity, turn.text, exporter=backend.name)

    def _gone(self, one: Attendance) -> None:
        """An exporter has ended: as it was told to, or in the middle of its work."""
        for word, count in one.lost().items():
            self._meters.dropped(word, _DIED, count)
        write_off(self._meters, one.report, _DIED)
        if one is self._now:
            self._now = None
            self._meters.exports.restarts += 1
            pause = self._next_pause()
            self._attend(pause)
            text = f"the exporter has ended by itself; another is started in {pause:g} s"
            self.log_event("sidecar.backend", Severity.WARN, text)
        for frame in one.unread():
            self._put(frame, _DIED)
