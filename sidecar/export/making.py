"""Which records are worth a span or a log record, and these."""

from __future__ import annotations

from sidecar.export.frames import Records
from sidecar.telemetry.access_sampling import AccessSampling
from sidecar.telemetry.log_records import access_log_record, decision_log_records
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.signals import LogRecord, Span
from sidecar.telemetry.spans import spans_of


class Worth:
    """``access`` is the share of requests that are logged; ``decisions`` whether those are."""

    def __init__(self, access: float, *, decisions: bool) -> None:
        self._access = AccessSampling(access)
        self._decisions = decisions

    def is_worth(self, record: ExchangeRecord) -> bool:
        """Whether anything is told of it."""
        return bool(
            record.kept
            or (self._decisions and (record.evidence is not None or record.applied is not None))
            or self._access.takes(record)
        )

    def made(self, frame: Records) -> tuple[list[Span], list[LogRecord]]:
        """What is told of these."""
        spans: list[Span] = []
        logs: list[LogRecord] = []
        offset = frame.wall_offset
        for record in frame.records:
            if record.kept:
                spans += spans_of(record, offset)
            if self._access.takes(record):
                logs.append(access_log_record(record, offset))
            if self._decisions:
                logs += decision_log_records(record, offset)
        return spans, logs
