"""The last traces, as far as this sidecar saw them: made from the records of requests."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Final

from sidecar.admin.decisions import Wanted
from sidecar.admin.inside import Inside
from sidecar.admin.refusal import Refused
from sidecar.admin.traced import (
    SpanAnswer,
    SpanEventAnswer,
    SpeakerAnswer,
    TraceAnswer,
    TraceSummary,
)
from sidecar.telemetry.clock import moment, wall_offset
from sidecar.telemetry.record import ExchangeRecord, Keep
from sidecar.telemetry.signals import SCOPE, Attributes, Span, SpanStatus
from sidecar.telemetry.spans import spans_of

#: What traces may be asked for by besides what decisions may be, and what stands for it.
TRACE_FILTERS: Final[Mapping[str, str]] = {
    "id": "How the id of the trace, or of one of its spans, begins.",
    "kept": "Why it is kept, in a word; any for whatever reason.",
}
_ANY: Final = "any"
_WORDS: Final = tuple(keep.value for keep in Keep if keep.value)
_SECOND: Final = 1e9
_Records = list[ExchangeRecord]


def traced_by(query: Mapping[str, str], wanted: Wanted) -> Wanted:
    """What is asked for, if ``wanted`` is true of it too. Raises ``Refused``."""
    beginning = query.get("id", "").lower().encode("utf-8", "replace")
    kept = query.get("kept", "")
    if kept and kept not in {_ANY, *_WORDS}:
        there_are = [_ANY, *_WORDS]
        raise Refused(422, f"kept={kept}: write {' or '.join(there_are)}", there_are)

    def fits(record: ExchangeRecord) -> bool:
        if kept and (record.kept.value != kept if kept != _ANY else not record.kept):
            return False
        return wanted(record) and (not beginning or has_id(record, beginning))

    return fits


def has_id(record: ExchangeRecord, beginning: bytes) -> bool:
    """Whether the id of its trace, of its span or of one of its tries begins so."""
    return (
        record.trace_id.startswith(beginning)
        or record.span_id.startswith(beginning)
        or any(one.span_id.startswith(beginning) for one in record.tries)
    )


def summaries(inside: Inside, wanted: Wanted, count: int) -> list[TraceSummary]:
    """The latest traces with a request that is wanted, the last one first."""
    together: dict[bytes, _Records] = {}
    found: set[bytes] = set()
    for record in inside.decisions.remembered():
        if record.trace_id:
            together.setdefault(record.trace_id, []).append(record)
            if wanted(record):
                found.add(record.trace_id)
    traces = [together[trace_id] for trace_id in found]
    traces.sort(key=_began, reverse=True)
    return [_summary(inside, records) for records in traces[:count]]


def traces_named(inside: Inside, beginning: bytes) -> dict[bytes, _Records]:
    """The records of every trace whose id, or that of one of its spans, begins so."""
    every = [one for one in inside.decisions.remembered() if one.trace_id]
    ids = {one.trace_id for one in every if has_id(one, beginning)}
    return {trace_id: [one for one in every if one.trace_id == trace_id] for trace_id in ids}


def trace_answer(inside: Inside, records: Iterable[ExchangeRecord]) -> TraceAnswer:
    """The spans that were made by these requests of one trace, by their start."""
    offset = wall_offset()
    spans = [span for one in records for span in spans_of(one, offset)]
    spans.sort(key=lambda span: span.start)
    return TraceAnswer(id=spans[0].trace_id, speaker=_speaker(inside), spans=[*map(_told, spans)])


def _began(records: _Records) -> float:
    return min(one.started for one in records)


def _summary(inside: Inside, records: _Records) -> TraceSummary:
    first = min(records, key=lambda one: one.started)
    ended = max(one.started + one.seconds for one in records)
    offset = wall_offset()
    span = spans_of(first, offset)[0]
    kept = [one.kept for one in records if one.kept]
    return TraceSummary(
        id=span.trace_id,
        name=span.name,
        kind=span.kind.name.lower(),
        decision=span.span_id,
        service=inside.meters.service,
        start=moment(first.started + offset),
        seconds=round(ended - first.started, 6),
        status=first.status,
        result=_status(span),
        kept=kept[0].value if kept else "",
        spans=sum(1 + len(one.tries) for one in records),
    )


def _speaker(inside: Inside) -> SpeakerAnswer:
    return SpeakerAnswer(
        service=inside.meters.service,
        scope=SCOPE,
        version=inside.meters.version,
        attributes={"host.name": socket.gethostname()},
    )


def _told(span: Span) -> SpanAnswer:
    return SpanAnswer(
        id=span.span_id,
        trace_id=span.trace_id,
        parent_id=span.parent_span_id,
        name=span.name,
        kind=span.kind.name.lower(),
        start=moment(span.start / _SECOND),
        seconds=(span.end - span.start) / _SECOND,
        status=_status(span),
        attributes=_plain(span.attributes),
        events=[
            SpanEventAnswer(
                time=moment(one.at / _SECOND), name=one.name, attributes=_plain(one.attributes)
            )
            for one in span.events
        ],
    )


def _status(span: Span) -> str:
    return "" if span.status is SpanStatus.UNSET else span.status.name.lower()


def _plain(attributes: Attributes) -> dict[str, str | bool | int | float | list[str]]:
    return {
        name: value if isinstance(value, str | bool | int | float) else [*value]
        for name, value in attributes.items()
    }
