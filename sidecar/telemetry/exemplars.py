"""Ties the buckets of the server's durations to traces that show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidecar.telemetry.clock import wall_offset
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable


class Exemplars:
    """A sink of records: each sampled one stands for the bucket that it was counted in."""

    def __init__(self, meters: Meters, wall_offset: Callable[[], float] = wall_offset) -> None:
        self._meters = meters
        self._wall_offset = wall_offset

    def feed(self, records: Sequence[ExchangeRecord]) -> None:
        """Remember the sampled ones; the latest of a bucket stays."""
        offset = self._wall_offset()
        for record in records:
            if record.sampled and record.trace_id:
                self._remember(record, offset)

    def _remember(self, record: ExchangeRecord, offset: float) -> None:
        server = self._meters.servers.get((record.listener, record.route))
        if server is None:
            return
        cell = server.find(record.method, record.status, record.reason)
        if cell is not None:
            ended = record.started + record.seconds + offset
            cell.exemplify(record.seconds, readable(record.trace_id), ended)
