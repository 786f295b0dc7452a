"""Spans, log records and metric points, as OpenTelemetry's data model has them.

They are plain values: made from records off the data path, and turned by each exporter into what
its backend wants. Times are nanoseconds since 1970, ids lower-case hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec

AttributeValue = str | bool | int | float | Sequence[str]
Attributes = Mapping[str, AttributeValue]


class SpanKind(IntEnum):
    """Whose side of a call a span is; the numbers of OTLP."""

    #: A call of the service's own on its way out: the tries below it are its client side.
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


class SpanStatus(IntEnum):
    """How a span ended; the numbers of OTLP."""

    UNSET = 0
    OK = 1
    ERROR = 2


class SpanEvent(msgspec.Struct, frozen=True):
    """Something that happened within a span."""

    at: int
    name: str
    attributes: Attributes


class Span(msgspec.Struct, frozen=True):
    """One span, ended."""

    trace_id: str
    span_id: str
    #: Empty at a trace's root.
    parent_span_id: str
    trace_state: str
    #: The flags of ``traceparent``.
    flags: int
    name: str
    kind: SpanKind
    start: int
    end: int
    attributes: Attributes
    events: tuple[SpanEvent, ...] = ()
    status: SpanStatus = SpanStatus.UNSET


class LogRecord(msgspec.Struct, frozen=True):
    """One log record."""

    at: int
    #: When we learned of it.
    observed: int
    severity: str
    event_name: str
    #: One sentence for people, or the line as the application wrote it.
    body: str
    attributes: Attributes
    #: Empty outside of a trace.
    trace_id: str = ""
    span_id: str = ""
    flags: int = 0


class MetricKind(IntEnum):
    """What the points of a metric are."""

    GAUGE = 1
    #: Counts since ``start`` that only grow.
    SUM = 2
    #: Counts by bucket since ``start``.
    HISTOGRAM = 3


class Exemplar(msgspec.Struct, frozen=True):
    """An observation with the trace that shows it."""

    at: int
    value: float
    trace_id: str
    span_id: str = ""


class Point(msgspec.Struct, frozen=True):
    """One series of a metric at a moment."""

    attributes: Attributes
    #: Since when it counts; ``at`` for gauges.
    start: int
    at: int
    #: The number, or the sum of what a histogram has counted.
    value: float
    #: A histogram's counts by bucket, the one above the last bound included.
    counts: tuple[int, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()


class Metric(msgspec.Struct, frozen=True):
    """One metric with its points."""

    #: By OpenTelemetry's conventions: ``http.server.request.duration``.
    name: str
    help: str
    #: UCUM: ``s``, ``By``, ``{request}``, ``1``.
    unit: str
    kind: MetricKind
    points: tuple[Point, ...]
    #: A histogram's upper bounds.
    bounds: tuple[float, ...] = ()


class Resource(msgspec.Struct, frozen=True):
    """Who speaks: the service that the sidecar wraps, on this host."""

    attributes: Attributes


#: The instrumentation scope of all that the sidecar tells.
SCOPE = "sidecar"
