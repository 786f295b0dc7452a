"""Carries records from the ring to whatever tells about them, a slice at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from sidecar.telemetry.metrics import RECORDS, Meters
from sidecar.telemetry.record import ExchangeRecord, RecordRing

#: Less than a millisecond of encoding.
SLICE_RECORDS: Final = 128
INTERVAL_SECONDS: Final = 0.1

#: Takes one slice; must neither block nor raise.
Sink = Callable[[Sequence[ExchangeRecord]], None]


class RecordPump:
    """Empties the ring at intervals; between two slices the loop serves requests."""

    def __init__(self, ring: RecordRing, meters: Meters, sinks: Sequence[Sink]) -> None:
        self._ring = ring
        self._meters = meters
        self._sinks = tuple(sinks)
        self._counted = 0
        self._next: asyncio.Handle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on this loop until ``stop``."""
        self._next = loop.call_later(INTERVAL_SECONDS, self._run, loop)

    def stop(self) -> None:
        """Carry all that is left, and end."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        while self.turn():
            pass

    def turn(self) -> bool:
        """Carry one slice; whether there is more."""
        ring = self._ring
        if ring.dropped > self._counted:
            self._meters.dropped(RECORDS, "ring_full", ring.dropped - self._counted)
            self._counted = ring.dropped
        records = ring.drain(SLICE_RECORDS)
        if records:
            for sink in self._sinks:
                sink(records)
        return len(ring) > 0

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        more = False
        try:
            more = self.turn()
        finally:
            # A slice that fails is reported by the loop; the ones after it are carried.
            delay_seconds = 0.0 if more else INTERVAL_SECONDS
            self._next = loop.call_later(delay_seconds, self._run, loop)
