"""Ties the buckets of durations to traces that show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.clock import wall_offset
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable


class Exemplars:
    """A sink of records: each one whose trace is kept stands for the buckets it was counted in.

    Nobody is led to a trace that is not there.
    """

    def __init__(
        self,
        meters: Meters,
        wall_offset: Callable[[], float] = wall_offset,
        *,
        are_wanted: bool = True,
    ) -> None:
        self._meters = meters
        self._are_wanted = are_wanted
        self._wall_offset = wall_offset

    def feed(self, records: Sequence[ExchangeRecord]) -> None:
        """Remember those that are kept; the latest of a bucket stays."""
        if not self._are_wanted:
            return
        offset = self._wall_offset()
        for record in records:
            if record.kept and record.trace_id:
                trace_id = readable(record.trace_id)
                self._of_server(record, trace_id, offset)
                self._of_tries(record, trace_id, offset)

    def _of_server(self, record: ExchangeRecord, trace_id: str, offset: float) -> None:
        server = self._meters.servers.get((record.listener, record.route))
        if server is None:
            return
        # What a fallback has answered is no failure: why it was asked is not counted there.
        reason = "" if record.fallback else record.reason
        cell = server.find(record.method, record.status, reason)
        ended = record.started + record.seconds + offset
        _tie(cell, record.seconds, trace_id, readable(record.span_id), ended)

    def _of_tries(self, record: ExchangeRecord, trace_id: str, offset: float) -> None:
        for one in record.tries:
            client = self._meters.clients.get((one.upstream, one.endpoint))
            if client is not None:
                cell = client.find(record.method, one.status, one.reason)
                seconds, ended = one.ended - one.asked, one.ended + offset
                _tie(cell, seconds, trace_id, readable(one.span_id), ended)


def _tie(
    cell: HistogramCell | None, seconds: float, trace_id: str, span_id: str, at: float
) -> None:
    if cell is not None:
        cell.exemplify(seconds, trace_id, at, span_id)
