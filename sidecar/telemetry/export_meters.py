"""What is counted of exporters, as they report it; it goes on when one takes another's place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sidecar.telemetry.catalogue import Use, reasons
from sidecar.telemetry.cells import HistogramCell, Tally
from sidecar.telemetry.export_metrics import EXPORT_BUCKETS

#: What is sent to backends: the words for it.
EXPORTED: Final = ("traces", "logs", "metrics")


class BackendMeters:
    """What is counted for one backend."""

    __slots__ = (
        "dropped",
        "error",
        "failures",
        "is_up",
        "is_wanted",
        "oldest_seconds",
        "queue_bytes",
        "seconds",
        "sent",
        "spool_bytes",
        "spool_documents",
        "successes",
    )

    def __init__(self) -> None:
        self.sent = dict.fromkeys(EXPORTED, 0)
        self.dropped = {signal: Tally(reasons(Use.EXPORT_DROP)) for signal in EXPORTED}
        self.successes = 0
        self.failures = 0
        self.seconds = HistogramCell(EXPORT_BUCKETS)
        # As it is now.
        #: Whether the rule file asks for it.
        self.is_wanted = True
        self.is_up = True
        #: What was wrong the last time, for people.
        self.error = ""
        self.queue_bytes = 0
        self.oldest_seconds = 0.0
        self.spool_bytes = 0
        self.spool_documents = 0


class ExportMeters:
    """All backends by name, and the process that serves them."""

    def __init__(self) -> None:
        self.backends: dict[str, BackendMeters] = {}
        self.restarts = 0
        self.resident_bytes = 0
        self.cpu_seconds = 0.0

    def backend(self, name: str) -> BackendMeters:
        """The meters of a backend."""
        meters = self.backends.get(name)
        if meters is None:
            meters = self.backends[name] = BackendMeters()
        return meters

    def wanted(self, names: Iterable[str]) -> None:
        """From now on these are asked for, and no others."""
        names = frozenset(names)
        for name in names:
            self.backend(name)
        for name, meters in self.backends.items():
            meters.is_wanted = name in names
