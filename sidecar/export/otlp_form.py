"""Signals as OTLP has them: one message for each span, log record and metric point.

A request is put together from them when it is sent, so that what fails can be tried again alone.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from math import isnan
from typing import Final, Protocol

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1 import common_pb2 as common
from opentelemetry.proto.logs.v1 import logs_pb2 as logs_proto
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics_proto
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2 as trace_proto

import sidecar
from sidecar.export.item import Item, Signal
from sidecar.telemetry.signals import (
    SCOPE,
    Attributes,
    AttributeValue,
    Exemplar,
    LogRecord,
    Metric,
    MetricKind,
    Point,
    Resource,
    Span,
    SpanKind,
    SpanStatus,
)
from sidecar.telemetry.unicode_text import unicode

#: Numbers of severities by OpenTelemetry's log data model.
_SEVERITIES: Final = {
    "TRACE": logs_proto.SEVERITY_NUMBER_TRACE,
    "DEBUG": logs_proto.SEVERITY_NUMBER_DEBUG,
    "INFO": logs_proto.SEVERITY_NUMBER_INFO,
    "WARN": logs_proto.SEVERITY_NUMBER_WARN,
    "ERROR": logs_proto.SEVERITY_NUMBER_ERROR,
    "FATAL": logs_proto.SEVERITY_NUMBER_FATAL,
}
_UNKNOWN: Final = logs_proto.SEVERITY_NUMBER_UNSPECIFIED
_KINDS: Final = {
    SpanKind.INTERNAL: trace_proto.Span.SPAN_KIND_INTERNAL,
    SpanKind.SERVER: trace_proto.Span.SPAN_KIND_SERVER,
    SpanKind.CLIENT: trace_proto.Span.SPAN_KIND_CLIENT,
}
_CODES: Final = {
    SpanStatus.UNSET: trace_proto.Status.STATUS_CODE_UNSET,
    SpanStatus.OK: trace_proto.Status.STATUS_CODE_OK,
    SpanStatus.ERROR: trace_proto.Status.STATUS_CODE_ERROR,
}
_ID_BYTES: Final = 12
_HEXADECIMAL: Final = frozenset(string.hexdigits)
_LARGEST: Final = 2**64 - 1
_INTEGERS: Final = range(-(2**63), 2**63)
_OF_CONTEXT: Final = trace_proto.SPAN_FLAGS_TRACE_FLAGS_MASK
_IS_KNOWN: Final = trace_proto.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_IS_REMOTE: Final = trace_proto.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class _Pairs(Protocol):
    """Attributes of any message."""

    def add(self) -> common.KeyValue: ...


class OtlpForm:
    """Encodes signals for a collector, and joins them to requests.

    Whatever is in a signal, something valid comes of it.
    """

    def __init__(self, resource: Resource, wanted: frozenset[Signal] = frozenset(Signal)) -> None:
        self._resource = resource_pb2.Resource()
        _put(self._resource.attributes, resource.attributes)
        self._scope = common.InstrumentationScope(name=SCOPE, version=sidecar.__version__)
        self._wanted = wanted

    def spans(self, spans: Sequence[Span]) -> list[Item]:
        """An item for each of them."""
        if Signal.TRACES not in self._wanted:
            return []
        return [
            Item(Signal.TRACES, f"{one.trace_id}{one.span_id}", _span(one).SerializeToString())
            for one in spans
        ]

    def logs(self, logs: Sequence[LogRecord]) -> list[Item]:
        """An item for each of them."""
        if Signal.LOGS not in self._wanted:
            return []
        return [_item(Signal.LOGS, _log(one).SerializeToString()) for one in logs]

    def metrics(self, metrics: Sequence[Metric]) -> list[Item]:
        """An item for each of their points: those are what collectors count."""
        if Signal.METRICS not in self._wanted:
            return []
        return [
            _item(Signal.METRICS, told.SerializeToString())
            for metric in metrics
            for told in _points(metric)
        ]

    def request(self, signal: Signal, items: Iterable[Item]) -> bytes:
        """The request that brings these items, all of one signal."""
        return bytes(self._request(signal, [item.data for item in items]).SerializeToString())

    def _request(self, signal: Signal, messages: Sequence[bytes]) -> Message:
        if signal is Signal.TRACES:
            spans = [trace_proto.Span.FromString(data) for data in messages]
            scoped = trace_proto.ScopeSpans(scope=self._scope, spans=spans)
            told = trace_proto.ResourceSpans(resource=self._resource, scope_spans=[scoped])
            return ExportTraceServiceRequest(resource_spans=[told])
        if signal is Signal.LOGS:
            logs = [logs_proto.LogRecord.FromString(data) for data in messages]
            scoped_logs = logs_proto.ScopeLogs(scope=self._scope, log_records=logs)
            told_logs = logs_proto.ResourceLogs(resource=self._resource, scope_logs=[scoped_logs])
            return ExportLogsServiceRequest(resource_logs=[told_logs])
        scoped_metrics = metrics_proto.ScopeMetrics(scope=self._scope, metrics=_joined(messages))
        told_metrics = metrics_proto.ResourceMetrics(
            resource=self._resource, scope_metrics=[scoped_metrics]
        )
        return ExportMetricsServiceRequest(resource_metrics=[told_metrics])


def _joined(messages: Iterable[bytes]) -> list[metrics_proto.Metric]:
    """Each metric once, with all its points."""
    found: dict[str, metrics_proto.Metric] = {}
    for data in messages:
        metric = metrics_proto.Metric.FromString(data)
        if metric.name in found:
            found[metric.name].MergeFrom(metric)
        else:
            found[metric.name] = metric
    return [*found.values()]


def _item(signal: Signal, data: bytes) -> Item:
    return Item(signal, blake2b(data, digest_size=_ID_BYTES).hexdigest(), data)


def _span(span: Span) -> trace_proto.Span:
    told = trace_proto.Span()
    told.trace_id = _id(span.trace_id, 16)
    told.span_id = _id(span.span_id, 8)
    told.parent_span_id = _id(span.parent_span_id, 8)
    told.trace_state = unicode(span.trace_state)
    told.flags = _flags(span)
    told.name = unicode(span.name)
    told.kind = _KINDS[span.kind]
    told.start_time_unix_nano = _moment(span.start)
    told.end_time_unix_nano = _moment(span.end)
    _put(told.attributes, span.attributes)
    for event in span.events:
        happened = told.events.add()
        happened.time_unix_nano = _moment(event.at)
        happened.name = unicode(event.name)
        _put(happened.attributes, event.attributes)
    told.status.code = _CODES[span.status]
    return told


def _flags(span: Span) -> int:
    """Those of the trace context; what is not a try has its parent in another process."""
    is_remote = span.kind is not SpanKind.CLIENT and bool(span.parent_span_id)
    return span.flags & _OF_CONTEXT | _IS_KNOWN | (_IS_REMOTE if is_remote else 0)


def _log(log: LogRecord) -> logs_proto.LogRecord:
    told = logs_proto.LogRecord()
    told.time_unix_nano = _moment(log.at)
    told.observed_time_unix_nano = _moment(log.observed)
    told.severity_number = _SEVERITIES.get(log.severity, _UNKNOWN)
    told.severity_text = unicode(log.severity)
    told.event_name = unicode(log.event_name)
    told.body.string_value = unicode(log.body)
    _put(told.attributes, log.attributes)
    told.trace_id = _id(log.trace_id, 16)
    told.span_id = _id(log.span_id, 8)
    told.flags = log.flags & _OF_CONTEXT
    return told


def _points(metric: Metric) -> Iterator[metrics_proto.Metric]:
    """The metric with each of its points by itself; what is no number is not told."""
    cumulative = metrics_proto.AGGREGATION_TEMPORALITY_CUMULATIVE
    for point in metric.points:
        if isnan(point.value):
            continue
        told = metrics_proto.Metric(name=metric.name, description=metric.help, unit=metric.unit)
        if metric.kind is MetricKind.HISTOGRAM:
            told.histogram.aggregation_temporality = cumulative
            _histogram(told.histogram.data_points.add(), point, metric.bounds)
        elif metric.kind is MetricKind.SUM:
            told.sum.aggregation_temporality = cumulative
            told.sum.is_monotonic = True
            number = told.sum.data_points.add()
            number.start_time_unix_nano = _moment(point.start)
            _number(number, point)
        else:
            _number(told.gauge.data_points.add(), point)
        yield told


def _number(told: metrics_proto.NumberDataPoint, point: Point) -> None:
    _put(told.attributes, point.attributes)
    told.time_unix_nano = _moment(point.at)
    # Never an integer, so that a series is of one type all its life.
    told.as_double = point.value
    told.exemplars.extend(map(_exemplar, point.exemplars))


def _histogram(
    told: metrics_proto.HistogramDataPoint, point: Point, bounds: Sequence[float]
) -> None:
    _put(told.attributes, point.attributes)
    told.start_time_unix_nano = _moment(point.start)
    told.time_unix_nano = _moment(point.at)
    told.count = sum(point.counts)
    told.sum = point.value
    told.bucket_counts.extend(point.counts)
    told.explicit_bounds.extend(bounds)
    told.exemplars.extend(map(_exemplar, point.exemplars))


def _exemplar(exemplar: Exemplar) -> metrics_proto.Exemplar:
    return metrics_proto.Exemplar(
        time_unix_nano=_moment(exemplar.at),
        as_double=exemplar.value,
        trace_id=_id(exemplar.trace_id, 16),
        span_id=_id(exemplar.span_id, 8),
    )


def _put(pairs: _Pairs, attributes: Attributes) -> None:
    """Add these; written in place: with messages of their own a span takes twice as long."""
    for key, value in attributes.items():
        pair = pairs.add()
        pair.key = unicode(key)
        _set(pair.value, value)


def _set(told: common.AnyValue, value: AttributeValue) -> None:
    if isinstance(value, str):
        told.string_value = unicode(value)
    elif isinstance(value, bool):
        told.bool_value = value
    elif isinstance(value, int):
        if value in _INTEGERS:
            told.int_value = value
        else:
            # Larger than OTLP's integers; in decimals it may be too long for Python.
            told.string_value = hex(value)
    elif isinstance(value, float):
        told.double_value = value
    else:
        # So that an empty one is a list, too.
        told.array_value.SetInParent()
        for one in value:
            told.array_value.values.add().string_value = unicode(one)


def _id(text: str, size: int) -> bytes:
    """So many bytes, or none: a wrong one is none."""
    is_one = len(text) == 2 * size and _HEXADECIMAL.issuperset(text)
    return bytes.fromhex(text) if is_one else b""


def _moment(at: int) -> int:
    """Nanoseconds since 1970 that can be told."""
    return min(max(at, 0), _LARGEST)
