"""Enters what an exporter reports into the sidecar's own counts."""

from __future__ import annotations

from typing import Final

from sidecar.export.frames import BackendReport, Report
from sidecar.telemetry.export_meters import BackendMeters
from sidecar.telemetry.metrics import RECORDS, Meters

_NOTHING: Final = BackendReport("", {}, {}, {})


def credit(meters: Meters, before: Report, after: Report, *, is_current: bool) -> None:
    """Count what has come since the report before; of one on its way out counts alone are told."""
    known = {one.name: one for one in before.backends}
    exports = meters.exports
    for report in after.backends:
        one = exports.backend(report.name)
        _count(one, known.get(report.name, _NOTHING), report)
        if is_current:
            _show(one, report)
    exports.cpu_seconds += after.cpu_seconds - before.cpu_seconds
    if after.unmade > before.unmade:
        meters.dropped(RECORDS, "not_encoded", after.unmade - before.unmade)
    if is_current:
        exports.resident_bytes = after.resident_bytes


def write_off(meters: Meters, last: Report, reason: str) -> None:
    """Count what an exporter that is gone had in memory when it reported last."""
    for report in last.backends:
        one = meters.exports.backend(report.name)
        for signal, count in report.waiting.items():
            if count and signal in one.dropped:
                one.dropped[signal](reason, count)


def _count(meters: BackendMeters, before: BackendReport, after: BackendReport) -> None:
    for signal, count in after.sent.items():
        if signal in meters.sent:
            meters.sent[signal] += count - before.sent.get(signal, 0)
    for signal, counts in after.dropped.items():
        earlier = before.dropped.get(signal, {})
        for reason, count in counts.items():
            if signal in meters.dropped and count > earlier.get(reason, 0):
                meters.dropped[signal](reason, count - earlier.get(reason, 0))
    meters.successes += after.requests_ok - before.requests_ok
    meters.failures += after.requests_failed - before.requests_failed
    counted = before.request_counts or [0] * len(after.request_counts)
    pairs = zip(counted, after.request_counts, strict=False)
    for place, (earlier_count, count) in enumerate(pairs):
        meters.seconds.counts[place] += count - earlier_count
    meters.seconds.total += after.request_seconds - before.request_seconds


def _show(meters: BackendMeters, report: BackendReport) -> None:
    meters.is_up = report.is_up
    meters.error = report.error
    meters.queue_bytes = report.queue_bytes
    meters.oldest_seconds = report.oldest_seconds
    meters.spool_bytes = report.spool_bytes
    meters.spool_documents = report.spool_documents
