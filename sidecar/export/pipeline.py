"""From what the sidecar tells to what each backend gets."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sidecar.export.frames import Logs, Metrics, Records, Report
from sidecar.export.item import Encoding, Item
from sidecar.export.shipper import Shipper
from sidecar.telemetry.signals import LogRecord, Span

#: The words for what arrives.
RECORDS: Final = "records"
LOGS: Final = "logs"
METRICS: Final = "metrics"

#: Makes spans and log records of records.
Making = Callable[[Records], tuple[list[Span], list[LogRecord]]]


class Outlet(NamedTuple):
    """A backend, and the form that it takes things in."""

    encoding: Encoding
    shipper: Shipper

    @property
    def name(self) -> str:
        """The backend's."""
        return self.shipper.name

    def offer(self, items: Sequence[Item]) -> None:
        """Let it have these."""
        self.shipper.offer(items)


class Pipeline:
    """Not to be called by two threads at a time; waits for no backend."""

    def __init__(
        self, making: Making, outlets: Sequence[Outlet], clock: Callable[[], float]
    ) -> None:
        self._making = making
        self._outlets = outlets
        self._clock = clock
        self._received: Counter[str] = Counter({RECORDS: 0, LOGS: 0, METRICS: 0})
        self._unmade = 0

    def start(self) -> None:
        """Deliver from now on."""
        for shipper in self._shippers():
            shipper.start()

    def take(self, frame: Records | Logs | Metrics) -> None:
        """Hand this to all backends."""
        if isinstance(frame, Records):
            self._received[RECORDS] += len(frame.records)
            spans, logs = self._made(frame)
            for outlet in self._outlets:
                outlet.offer(outlet.encoding.spans(spans))
                outlet.offer(outlet.encoding.logs(logs))
        elif isinstance(frame, Logs):
            self._received[LOGS] += len(frame.logs)
            for outlet in self._outlets:
                outlet.offer(outlet.encoding.logs(frame.logs))
        else:
            self._received[METRICS] += len(frame.metrics)
            for outlet in self._outlets:
                if outlet.name in frame.backends:
                    outlet.offer(outlet.encoding.metrics(frame.metrics))

    def _made(self, frame: Records) -> tuple[list[Span], list[LogRecord]]:
        """A record of which nothing can be made is left out, and counted."""
        try:
            return self._making(frame)
        except Exception:  # noqa: BLE001 - one that cannot be told must not cost the others
            if len(frame.records) == 1:
                self._unmade += 1
                return [], []
        spans: list[Span] = []
        logs: list[LogRecord] = []
        for record in frame.records:
            more = self._made(Records(frame.wall_offset, [record]))
            spans += more[0]
            logs += more[1]
        return spans, logs

    def report(self) -> Report:
        """How it goes."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Report(
            received=dict(self._received),
            unmade=self._unmade,
            backends=[shipper.report() for shipper in self._shippers()],
            resident_bytes=resident_bytes(),
            cpu_seconds=used.ru_utime + used.ru_stime,
        )

    def end(self, seconds: float) -> None:
        """Deliver what is left, not longer than this; the rest goes to the disk, or is lost."""
        until = self._clock() + seconds
        for shipper in self._shippers():
            shipper.hurry()
        for shipper in self._shippers():
            shipper.end(until)

    def _shippers(self) -> list[Shipper]:
        return [outlet.shipper for outlet in self._outlets]


def resident_bytes() -> int:
    """The memory that this process holds; 0 where the kernel does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()
