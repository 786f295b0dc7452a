"""Traces in the form that Jaeger's HTTP API has them, which Grafana's Jaeger data source reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Final

import msgspec

from sidecar.traces.remarks import remarks
from sidecar.traces.trace import StoredEvent, StoredSpan, Trace, as_text
from sidecar.traces.tree import Node, forest

_MICRO: Final = 1000
#: JavaScript and Go's float64 hold no larger integer exactly.
_EXACT: Final = 2**53


class Tag(msgspec.Struct):
    """An attribute with its type: ``string``, ``bool``, ``int64`` or ``float64``."""

    key: str
    type: str
    value: Any


class Log(msgspec.Struct):
    """Something that happened within a span; microseconds since 1970."""

    timestamp: int
    fields: list[Tag]


class Reference(msgspec.Struct, rename={"ref_type": "refType", "trace_id": "traceID",
                                        "span_id": "spanID"}):  # fmt: skip
    """The parent of a span."""

    ref_type: str
    trace_id: str
    span_id: str


class Process(msgspec.Struct, rename="camel"):
    """Who speaks."""

    service_name: str
    tags: list[Tag]


class JaegerSpan(
    msgspec.Struct,
    rename={
        "trace_id": "traceID",
        "span_id": "spanID",
        "operation_name": "operationName",
        "start_time": "startTime",
        "process_id": "processID",
    },
):
    """A span; microseconds since 1970."""

    trace_id: str
    span_id: str
    flags: int
    operation_name: str
    references: list[Reference]
    start_time: int
    duration: int
    tags: list[Tag]
    logs: list[Log]
    process_id: str
    warnings: list[str] | None


class JaegerTrace(msgspec.Struct, rename={"trace_id": "traceID"}):
    """A trace with everybody who speaks in it, by a short name."""

    trace_id: str
    spans: list[JaegerSpan]
    processes: dict[str, Process]
    warnings: list[str] | None


class Fault(msgspec.Struct):
    """Why there is no answer."""

    code: int
    msg: str


class Answer(msgspec.Struct):
    """What everything is answered in; ``data`` is null beside errors."""

    data: Any
    total: int = 0
    limit: int = 0
    offset: int = 0
    errors: list[Fault] | None = None


def jaeger_trace(trace: Trace) -> JaegerTrace:
    """A trace in Jaeger's form; what is odd about it stands in its warnings."""
    nodes = forest(trace.spans)
    processes = _Processes()
    spans = [_span(node, trace.trace_id, processes.name_of(node.span)) for node in nodes]
    return JaegerTrace(trace.trace_id, spans, processes.known, remarks(trace, nodes) or None)


class _Processes:
    """Gives each that speaks a short name."""

    def __init__(self) -> None:
        self.known: dict[str, Process] = {}
        self._names: dict[str, str] = {}

    def name_of(self, span: StoredSpan) -> str:
        identity = repr(sorted(span.resource.items(), key=lambda one: one[0]))
        name = self._names.get(identity)
        if name is None:
            name = self._names[identity] = f"p{len(self._names) + 1}"
            others = {key: one for key, one in span.resource.items() if key != "service.name"}
            self.known[name] = Process(span.service, [*_tags(others)])
        return name


def _span(node: Node, trace_id: str, process: str) -> JaegerSpan:
    span = node.span
    parent = [Reference("CHILD_OF", trace_id, span.parent_id)] if span.parent_id else []
    return JaegerSpan(
        trace_id=trace_id,
        span_id=span.span_id,
        flags=1,
        operation_name=span.name,
        references=parent,
        start_time=span.start // _MICRO,
        duration=span.duration // _MICRO,
        tags=[*_tags(span.attributes), *_told_by_fields(span)],
        logs=[_log(event) for event in span.events],
        process_id=process,
        warnings=[odd.value for odd in node.odd] or None,
    )


def _told_by_fields(span: StoredSpan) -> Iterator[Tag]:
    """What has a field of its own in OpenTelemetry is a tag in Jaeger."""
    named = {
        "span.kind": span.kind,
        "otel.status_code": span.status.upper(),
        "otel.status_description": span.status_message,
        "otel.scope.name": span.scope,
        "otel.scope.version": span.scope_version,
        "w3c.tracestate": span.trace_state,
    }
    told = (Tag(name, "string", value) for name, value in named.items() if value)
    yield from (tag for tag in told if tag.key not in span.attributes)
    if span.status == "error" and "error" not in span.attributes:
        yield Tag("error", "bool", value=True)


def _log(event: StoredEvent) -> Log:
    name = [Tag("event", "string", event.name)] if "event" not in event.attributes else []
    return Log(event.at // _MICRO, [*name, *_tags(event.attributes)])


def _tags(attributes: Mapping[str, Any]) -> Iterable[Tag]:
    return (_tag(name, value) for name, value in attributes.items())


def _tag(name: str, value: Any) -> Tag:
    match value:
        case bool():
            return Tag(name, "bool", value)
        case int() if abs(value) <= _EXACT:
            return Tag(name, "int64", value)
        case float() if isfinite(value):
            return Tag(name, "float64", value)
        case _:
            return Tag(name, "string", as_text(value))
