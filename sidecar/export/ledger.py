"""What became of the items of one backend, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sidecar.export.item import Item, Signal
from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.export_metrics import EXPORT_BUCKETS


class Ledger:
    """Counts that only grow."""

    def __init__(self) -> None:
        self.sent: Counter[Signal] = Counter()
        self.lost: dict[Signal, Counter[str]] = {}
        self.requests_ok = 0
        self.requests_failed = 0
        self.seconds = HistogramCell(EXPORT_BUCKETS)

    def taken(self, items: Iterable[Item]) -> None:
        """The backend has these."""
        self.sent.update(item.signal for item in items)

    def dropped(self, signal: Signal, reason: str, count: int = 1) -> None:
        """So many are lost."""
        self.lost.setdefault(signal, Counter())[reason] += count

    def all_dropped(self, items: Iterable[Item], reason: str) -> None:
        """All of these are lost."""
        for item in items:
            self.dropped(item.signal, reason)

    def requested(self, seconds: float, *, failed: bool) -> None:
        """A delivery has come to its end."""
        self.seconds.observe(seconds)
        if failed:
            self.requests_failed += 1
        else:
            self.requests_ok += 1
