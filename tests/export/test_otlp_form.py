from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import sidecar
from sidecar.export.item import Item, Signal
from sidecar.export.otlp_form import OtlpForm
from sidecar.telemetry.signals import (
    Exemplar,
    LogRecord,
    Metric,
    MetricKind,
    Point,
    Span,
    SpanEvent,
    SpanKind,
    SpanStatus,
)
from tests.export.samples import BOUNDS, LOGS, METRICS, RESOURCE, SPANS, TRACE
from tests.servers.otlp_messages import attributes

FORM = OtlpForm(RESOURCE)
REQUESTS: dict[Signal, Any] = {
    Signal.TRACES: ExportTraceServiceRequest,
    Signal.LOGS: ExportLogsServiceRequest,
    Signal.METRICS: ExportMetricsServiceRequest,
}
PATHS = {
    Signal.TRACES: ("resource_spans", "scope_spans", "spans"),
    Signal.LOGS: ("resource_logs", "scope_logs", "log_records"),
    Signal.METRICS: ("resource_metrics", "scope_metrics", "metrics"),
}


def request(signal: Signal, items: list[Item], form: OtlpForm = FORM) -> Any:
    """The only scope of the only resource of the request that brings these."""
    assert {item.signal for item in items} <= {signal}
    outer, scoped, _ = PATHS[signal]
    [resource] = getattr(REQUESTS[signal].FromString(form.request(signal, items)), outer)
    assert attributes(resource.resource.attributes) == RESOURCE.attributes
    [scope] = getattr(resource, scoped)
    assert (scope.scope.name, scope.scope.version) == ("sidecar", sidecar.__version__)
    return scope


def spans(*given_spans: Span) -> list[Any]:
    return [*request(Signal.TRACES, FORM.spans(given_spans)).spans]


def logs(*given_logs: LogRecord) -> list[Any]:
    return [*request(Signal.LOGS, FORM.logs(given_logs)).log_records]


def metrics(*given_metrics: Metric) -> list[Any]:
    return [*request(Signal.METRICS, FORM.metrics(given_metrics)).metrics]


class TestSpans:
    @pytest.mark.parametrize("span", SPANS)
    def test_field_by_field(self, span: Span) -> None:
        [told] = spans(span)
        assert told.trace_id.hex() == span.trace_id
        assert told.span_id.hex() == span.span_id
        assert told.parent_span_id.hex() == span.parent_span_id
        assert told.trace_state == span.trace_state
        assert told.flags & 0xFF == span.flags
        assert (told.name, told.kind) == (span.name, {2: 2, 3: 3}[span.kind])
        assert (told.start_time_unix_nano, told.end_time_unix_nano) == (span.start, span.end)
        assert attributes(told.attributes) == span.attributes
        assert told.status.code == span.status
        events = [
            SpanEvent(one.time_unix_nano, one.name, attributes(one.attributes))
            for one in told.events
        ]
        assert tuple(events) == span.events

    @pytest.mark.parametrize("kind", SpanKind)
    def test_kinds_are_numbered_alike(self, kind: SpanKind) -> None:
        [told] = spans(Span(TRACE, TRACE[:16], "", "", 0, "", kind, 1, 2, {}))
        assert told.kind == kind

    @pytest.mark.parametrize("status", SpanStatus)
    def test_so_are_statuses(self, status: SpanStatus) -> None:
        [told] = spans(
            Span(TRACE, TRACE[:16], "", "", 0, "", SpanKind.SERVER, 1, 2, {}, (), status)
        )
        assert told.status.code == status

    @pytest.mark.parametrize(
        "kind,parent,flags",
        [
            (SpanKind.SERVER, TRACE[:16], 0x301),
            (SpanKind.INTERNAL, TRACE[:16], 0x301),
            (SpanKind.CLIENT, TRACE[:16], 0x101),
            (SpanKind.SERVER, "", 0x101),
        ],
    )
    def test_whether_the_parent_is_in_another_process(
        self, kind: SpanKind, parent: str, flags: int
    ) -> None:
        [told] = spans(Span(TRACE, TRACE[16:], parent, "", 1, "", kind, 1, 2, {}))
        assert told.flags == flags

    def test_an_item_each_that_is_known_again(self) -> None:
        items = FORM.spans(SPANS)
        assert [item.id for item in items] == [f"{one.trace_id}{one.span_id}" for one in SPANS]
        assert [told.name for told in request(Signal.TRACES, items).spans] == [
            span.name for span in SPANS
        ]


class TestLogs:
    @pytest.mark.parametrize("log", LOGS)
    def test_field_by_field(self, log: LogRecord) -> None:
        [told] = logs(log)
        assert (told.time_unix_nano, told.observed_time_unix_nano) == (log.at, log.observed)
        assert (told.severity_text, told.event_name) == (log.severity, log.event_name)
        assert told.severity_number == {"INFO": 9, "WARN": 13}[log.severity]
        assert told.body.string_value == log.body
        assert attributes(told.attributes) == log.attributes
        assert (told.trace_id.hex(), told.span_id.hex()) == (log.trace_id, log.span_id)
        assert told.flags == log.flags

    @pytest.mark.parametrize(
        "word,number",
        [("TRACE", 1), ("DEBUG", 5), ("INFO", 9), ("ERROR", 17), ("FATAL", 21), ("loud", 0)],
    )
    def test_severities(self, word: str, number: int) -> None:
        [told] = logs(LogRecord(1, 1, word, "", "", {}))
        assert (told.severity_number, told.severity_text) == (number, word)

    def test_the_same_record_has_the_same_id(self) -> None:
        again = FORM.logs(LOGS)
        assert [item.id for item in FORM.logs(LOGS)] == [item.id for item in again]
        assert len({item.id for item in again}) == len(LOGS)

    @pytest.mark.parametrize(
        "trace_id", ["", "abc", "g" * 32, "0x" + "1" * 30, TRACE + "00", "٣" * 32, " " * 32]
    )
    def test_an_id_that_is_none_is_left_out(self, trace_id: str) -> None:
        [told] = logs(LogRecord(1, 1, "INFO", "", "text", {}, trace_id=trace_id))
        assert (told.trace_id, told.body.string_value) == (b"", "text")

    def test_moments_that_are_none(self) -> None:
        [told] = logs(LogRecord(-5, 2**70, "INFO", "", "", {}, flags=-1))
        assert (told.time_unix_nano, told.observed_time_unix_nano) == (0, 2**64 - 1)
        assert told.flags == 0xFF


TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBER = st.integers(-(2**80), 2**80) | st.floats()
VALUE = TEXT | st.booleans() | NUMBER | st.lists(TEXT, max_size=3)


def valid(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def expected(value: Any) -> Any:
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, list):
        return [valid(one) for one in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return hex(value)
    return value


@given(st.dictionaries(TEXT, VALUE, max_size=5), TEXT, TEXT)
def test_whatever_a_service_writes_something_valid_comes_of_it(
    given_attributes: dict[str, Any], body: str, name: str
) -> None:
    [told] = logs(LogRecord(1, 1, name, name, body, given_attributes))
    assert (told.body.string_value, told.event_name) == (valid(body), valid(name))
    wanted = {valid(key): expected(value) for key, value in given_attributes.items()}
    # As text, so that what is no number equals itself.
    assert repr(attributes(told.attributes)) == repr(wanted)


def test_a_lone_surrogate_and_a_long_number() -> None:
    [told] = logs(LogRecord(1, 1, "INFO", "", "a\ud800b", {"n\udc80": 10**5000}))
    assert told.body.string_value == "a\\ud800b"
    [(key, value)] = attributes(told.attributes).items()
    assert (key, value[:4], int(value, 16)) == ("n\\udc80", hex(10**5000)[:4], 10**5000)


class TestMetrics:
    def test_a_histogram(self) -> None:
        [told] = metrics(METRICS[0])
        assert (told.name, told.unit) == ("http.server.request.duration", "s")
        assert told.description == "How long requests took."
        assert told.histogram.aggregation_temporality == 2
        first, second = told.histogram.data_points
        given_point = METRICS[0].points[0]
        assert attributes(first.attributes) == given_point.attributes
        assert (first.start_time_unix_nano, first.time_unix_nano) == (
            given_point.start,
            given_point.at,
        )
        assert (first.count, first.sum, tuple(first.bucket_counts)) == (7, 1.75, (4, 0, 2, 0, 1))
        assert tuple(first.explicit_bounds) == BOUNDS
        [exemplar] = first.exemplars
        assert (exemplar.as_double, exemplar.trace_id.hex()) == (1.5, TRACE)
        assert (exemplar.time_unix_nano, exemplar.span_id) == (given_point.at, b"")
        assert (second.count, tuple(second.bucket_counts)) == (0, (0,) * 5)

    def test_a_sum_counts_since_its_start(self) -> None:
        [told] = metrics(METRICS[3])
        assert (told.sum.is_monotonic, told.sum.aggregation_temporality) == (True, 2)
        points = told.sum.data_points
        assert [(attributes(one.attributes)["rule"], one.as_double) for one in points] == [
            ("per-user", 7.0),
            ("office", 2.5),
        ]
        assert {one.start_time_unix_nano for one in points} == {METRICS[3].points[0].start}

    def test_a_gauge_has_no_start_and_what_is_no_number_is_left_out(self) -> None:
        [told] = metrics(METRICS[2])
        [point] = told.gauge.data_points
        assert (point.as_double, point.start_time_unix_nano) == (0.0, 0)
        assert point.time_unix_nano == METRICS[2].points[0].at

    def test_the_type_of_a_series_does_not_change(self) -> None:
        points = (Point({}, 1, 1, 2.0), Point({}, 1, 2, 2.5), Point({}, 1, 3, math.inf))
        [told] = metrics(Metric("a", "", "1", MetricKind.GAUGE, points))
        assert {one.WhichOneof("value") for one in told.gauge.data_points} == {"as_double"}

    def test_an_item_for_each_point_and_each_metric_once_in_a_request(self) -> None:
        items = FORM.metrics(METRICS)
        assert len(items) == 6
        told = request(Signal.METRICS, items).metrics
        assert [one.name for one in told] == [metric.name for metric in METRICS]
        assert len({item.id for item in items}) == 6

    def test_exemplars_of_numbers(self) -> None:
        point = Point({}, 1, 2, 3.0, (), (Exemplar(9, 0.5, TRACE, TRACE[:16]),))
        [told] = metrics(Metric("a", "", "1", MetricKind.SUM, (point,)))
        [exemplar] = told.sum.data_points[0].exemplars
        assert (exemplar.time_unix_nano, exemplar.span_id.hex()) == (9, TRACE[:16])


def test_nothing_comes_of_a_signal_that_is_not_wanted() -> None:
    form = OtlpForm(RESOURCE, frozenset({Signal.LOGS}))
    assert (form.spans(SPANS), form.metrics(METRICS)) == ([], [])
    assert len(form.logs(LOGS)) == len(LOGS)
