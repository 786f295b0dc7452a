"""Signals as OTLP has them: one message for each span, log record and metric.

A request is put together from them when it is sent, so that what fails can be tried again alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

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
)

#: Numbers of severities by OpenTelemetry's log data model.
_SEVERITIES: Final = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
_ID_BYTES: Final = 12


class OtlpForm:
    """Encodes signals for a collector, and joins them to requests."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource_pb2.Resource(attributes=_attributes(resource.attributes))
        self._scope = common.InstrumentationScope(name=SCOPE, version=sidecar.__version__)

    def spans(self, spans: Sequence[Span]) -> list[Item]:
        """An item for each of them."""
        return [
            Item(Signal.TRACES, f"{one.trace_id}{one.span_id}", _span(one).SerializeToString())
            for one in spans
        ]

    def logs(self, logs: Sequence[LogRecord]) -> list[Item]:
        """An item for each of them."""
        return [_item(Signal.LOGS, _log(one).SerializeToString()) for one in logs]

    def metrics(self, metrics: Sequence[Metric]) -> list[Item]:
        """An item for each of them, with all its points."""
        return [
            _item(Signal.METRICS, _metric(one).SerializeToString()) for one in metrics if one.points
        ]

    def request(self, signal: Signal, items: Iterable[Item]) -> bytes:
        """The request that brings these items, all of one signal."""
        messages = [item.data for item in items]
        if signal is Signal.TRACES:
            spans = [trace_proto.Span.FromString(data) for data in messages]
            scoped = trace_proto.ScopeSpans(scope=self._scope, spans=spans)
            told = trace_proto.ResourceSpans(resource=self._resource, scope_spans=[scoped])
            return ExportTraceServiceRequest(resource_spans=[told]).SerializeToString()
        if signal is Signal.LOGS:
            logs = [logs_proto.LogRecord.FromString(data) for data in messages]
            scoped_logs = logs_proto.ScopeLogs(scope=self._scope, log_records=logs)
            told_logs = logs_proto.ResourceLogs(resource=self._resource, scope_logs=[scoped_logs])
            return ExportLogsServiceRequest(resource_logs=[told_logs]).SerializeToString()
        metrics = [metrics_proto.Metric.FromString(data) for data in messages]
        scoped_metrics = metrics_proto.ScopeMetrics(scope=self._scope, metrics=metrics)
        told_metrics = metrics_proto.ResourceMetrics(
            resource=self._resource, scope_metrics=[scoped_metrics]
        )
        return ExportMetricsServiceRequest(resource_metrics=[told_metrics]).SerializeToString()


def _item(signal: Signal, data: bytes) -> Item:
    return Item(signal, blake2b(data, digest_size=_ID_BYTES).hexdigest(), data)


def _span(span: Span) -> trace_proto.Span:
    status = trace_proto.Status(code=trace_proto.Status.StatusCode.Name(int(span.status)))  # type: ignore[arg-type] # takes names as well as numbers
    return trace_proto.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id),
        trace_state=span.trace_state,
        flags=span.flags,
        name=span.name,
        kind=int(span.kind),  # type: ignore[arg-type] # numbers of the same enumeration
        start_time_unix_nano=span.start,
        end_time_unix_nano=span.end,
        attributes=_attributes(span.attributes),
        events=[
            trace_proto.Span.Event(
                time_unix_nano=event.at, name=event.name, attributes=_attributes(event.attributes)
            )
            for event in span.events
        ],
        status=status,
    )


def _log(log: LogRecord) -> logs_proto.LogRecord:
    return logs_proto.LogRecord(
        time_unix_nano=log.at,
        observed_time_unix_nano=log.observed,
        severity_number=_SEVERITIES.get(log.severity, 0),  # type: ignore[arg-type] # as above
        severity_text=log.severity,
        event_name=log.event_name,
        body=common.AnyValue(string_value=_text(log.body)),
        attributes=_attributes(log.attributes),
        trace_id=bytes.fromhex(log.trace_id),
        span_id=bytes.fromhex(log.span_id),
        flags=log.flags,
    )


def _metric(metric: Metric) -> metrics_proto.Metric:
    told = metrics_proto.Metric(name=metric.name, description=metric.help, unit=metric.unit)
    cumulative = metrics_proto.AGGREGATION_TEMPORALITY_CUMULATIVE
    if metric.kind is MetricKind.HISTOGRAM:
        told.histogram.aggregation_temporality = cumulative
        told.histogram.data_points.extend(_histogram(one, metric.bounds) for one in metric.points)
    elif metric.kind is MetricKind.SUM:
        told.sum.aggregation_temporality = cumulative
        told.sum.is_monotonic = True
        told.sum.data_points.extend(map(_number, metric.points))
    else:
        told.gauge.data_points.extend(map(_number, metric.points))
    return told


def _number(point: Point) -> metrics_proto.NumberDataPoint:
    value = point.value
    number: dict[str, Any] = {"as_int": int(value)} if value == int(value) else {"as_double": value}
    return metrics_proto.NumberDataPoint(
        attributes=_attributes(point.attributes),
        start_time_unix_nano=point.start,
        time_unix_nano=point.at,
        exemplars=map(_exemplar, point.exemplars),
        **number,
    )


def _histogram(point: Point, bounds: Sequence[float]) -> metrics_proto.HistogramDataPoint:
    return metrics_proto.HistogramDataPoint(
        attributes=_attributes(point.attributes),
        start_time_unix_nano=point.start,
        time_unix_nano=point.at,
        count=sum(point.counts),
        sum=point.value,
        bucket_counts=point.counts,
        explicit_bounds=bounds,
        exemplars=map(_exemplar, point.exemplars),
    )


def _exemplar(exemplar: Exemplar) -> metrics_proto.Exemplar:
    return metrics_proto.Exemplar(
        time_unix_nano=exemplar.at,
        as_double=exemplar.value,
        trace_id=bytes.fromhex(exemplar.trace_id),
        span_id=bytes.fromhex(exemplar.span_id),
    )


def _attributes(attributes: Attributes) -> list[common.KeyValue]:
    return [common.KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: AttributeValue) -> common.AnyValue:
    if isinstance(value, bool):
        return common.AnyValue(bool_value=value)
    if isinstance(value, str):
        return common.AnyValue(string_value=_text(value))
    if isinstance(value, int):
        return common.AnyValue(int_value=value)
    if isinstance(value, float):
        return common.AnyValue(double_value=value)
    values = [common.AnyValue(string_value=_text(one)) for one in value]
    return common.AnyValue(array_value=common.ArrayValue(values=values))


def _text(text: str) -> str:
    r"""The same as valid Unicode: what is none is written ``\udcNN``."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
