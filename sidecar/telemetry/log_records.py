"""Makes log records of what has happened: a request, a decision, an event of the sidecar's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.decided import OF_REQUEST, decision_attributes, decisions_of, sentence
from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.exchange_attributes import (
    exchange_attributes,
    milliseconds,
    nanoseconds,
    since,
)
from sidecar.telemetry.metrics import method_label
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable, split_target
from sidecar.telemetry.signals import AttributeValue, LogRecord

INFO: Final = Severity.INFO.value
ERROR: Final = Severity.ERROR.value


def access_log_record(record: ExchangeRecord, offset: float) -> LogRecord:
    """What is logged of a request that has ended.

    ``offset`` is added to monotonic seconds to get those since 1970.
    """
    told = exchange_attributes(record)
    told[a.DURATION.name] = milliseconds(record.seconds)
    return LogRecord(
        at=since(record, record.started, offset),
        observed=_end(record, offset),
        severity=ERROR if record.status >= 500 else INFO,
        event_name=a.REQUEST.name,
        body=_in_a_sentence(record),
        attributes=told,
        trace_id=readable(record.trace_id),
        span_id=readable(record.span_id),
        flags=int(record.sampled),
    )


def decision_log_records(record: ExchangeRecord, offset: float) -> list[LogRecord]:
    """One for the rule that refused, each shadow rule that would have, and a fallback's answer."""
    decided = decisions_of(record)
    if not decided:
        return []
    whole = exchange_attributes(record)
    request = {name: whole[name] for name in OF_REQUEST if name in whole}
    return [
        LogRecord(
            at=since(record, record.started, offset),
            observed=_end(record, offset),
            severity=INFO,
            event_name=a.DECISION.name,
            body=sentence(record, one),
            attributes={**request, **decision_attributes(record, one)},
            trace_id=readable(record.trace_id),
            span_id=readable(record.span_id),
            flags=int(record.sampled),
        )
        for one in decided
    ]


def event_log_record(
    at: float, name: str, severity: str, text: str, attributes: Mapping[str, AttributeValue]
) -> LogRecord:
    """Something that has happened to the sidecar at ``at``, in seconds since 1970."""
    moment = nanoseconds(at)
    return LogRecord(moment, moment, severity, name, text, attributes)


def _end(record: ExchangeRecord, offset: float) -> int:
    return since(record, record.started + record.seconds, offset)


def _in_a_sentence(record: ExchangeRecord) -> str:
    path = readable(split_target(record.target)[0])
    how = f"was answered {record.status}" if record.status else "was not answered"
    why = f": {record.reason}" if record.reason else ""
    return f"{method_label(record.method)} {path} {how} in {record.seconds * 1000:.3g}ms{why}"
