from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.traces.documents import (
    Collected,
    Document,
    document_of,
    event_of,
    flat,
    nanoseconds,
    span_of,
)
from sidecar.traces.trace import EVENTS_AT_MOST, Trace
from tests.traces.documents import (
    MIDNIGHT,
    SHOP,
    TRACE,
    event_document,
    span_document,
    timestamp,
)

#: As the collector's exporter writes it (its golden file), with the names of today.
GOLDEN = {
    "@timestamp": "1705314600000.0",
    "data_stream": {"type": "traces", "dataset": "generic.otel", "namespace": "default"},
    "trace_id": "0102030405060708090a0b0c0d0e0f10",
    "span_id": "0102030405060708",
    "parent_span_id": "0001020304050607",
    "name": "GET /api/v1/users",
    "kind": "Server",
    "duration": 150000000,
    "attributes": {"http.request.method": "GET", "http.response.status_code": 200},
    "links": [{"trace_id": "100f", "span_id": "0807", "attributes": {"link.type": "x"}}],
    "status": {"message": "Success", "code": "Ok"},
    "resource": {
        "schema_url": "https://opentelemetry.io/schemas/1.21.0",
        "attributes": {"service.name": "test-service", "host.name": "prod-server-01"},
    },
    "scope": {"name": "github.com/example/myapp", "version": "1.0.0", "attributes": {}},
}


def read(source: object) -> Document:
    document = document_of(source)
    assert document is not None
    return document


def collected(documents: Any, **limits: int) -> Trace:
    together = Collected(TRACE, **limits)
    for one in documents:
        together.add(read(one))
    trace = together.trace()
    assert trace is not None
    return trace


def test_a_span_of_the_collectors_golden_file() -> None:
    span = span_of(read(GOLDEN))
    assert (span.trace_id, span.span_id) == ("0102030405060708090a0b0c0d0e0f10", "0102030405060708")
    assert (span.parent_id, span.name, span.kind) == (
        "0001020304050607", "GET /api/v1/users", "server",
    )  # fmt: skip
    assert (span.start, span.duration) == (1705314600 * 10**9, 150_000_000)
    assert (span.status, span.status_message, span.service) == ("ok", "Success", "test-service")
    assert (span.scope, span.scope_version) == ("github.com/example/myapp", "1.0.0")
    assert span.attributes["http.response.status_code"] == 200


def test_what_is_no_document_of_ours_is_passed_over() -> None:
    assert document_of([]) is None
    assert document_of({"duration": "long"}) is None
    for other in ({}, {"create": {"_index": "traces"}}, {"trace_id": "a", "span_id": "b"}):
        document = read(other)
        assert not document.is_span
        assert not document.is_event


def test_log_records_are_no_events_of_a_span() -> None:
    event = event_document("sidecar.breaker", "a")
    assert read(event).is_event
    assert not read({**event, "severity_text": "INFO"}).is_event
    assert not read({**event, "span_id": ""}).is_event


@pytest.mark.parametrize(
    "written, expected",
    [
        ("1705314600000.0", 1705314600000000000),
        ("1705314600000.000001", 1705314600000000001),
        ("1705314600000.5", 1705314600000500000),
        ("1705314600000.1234567", 1705314600000123456),
        (1705314600000, 1705314600000000000),
        ("2024-01-15T10:30:00.123456789Z", 1705314600123456789),
        ("2024-01-15T11:30:00+01:00", 1705314600000000000),
        ("2024-01-15T10:30:00.5+00:00", 1705314600500000000),
    ],
)
def test_moments(written: str | int, expected: int) -> None:
    assert nanoseconds(written) == expected


@pytest.mark.parametrize("written", ["", "x", "-5", "2024-01-15T10:30:00", "12.x", "٤"])
def test_what_is_no_moment(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        nanoseconds(written)


@given(st.integers(0, 2**62))
def test_moments_are_read_to_the_nanosecond(moment: int) -> None:
    assert nanoseconds(timestamp(moment)) == moment


def test_attributes_have_dotted_names_however_they_are_nested() -> None:
    assert flat({"a": {"b": {"c": 1}}, "d.e": 2}) == {"a.b.c": 1, "d.e": 2}


def test_events_come_to_their_spans_in_order() -> None:
    late = event_document("late", "000000000000000d", at_ms=90)
    trace = collected([late, *SHOP, late])
    spans = {span.span_id: span for span in trace.spans}
    assert [event.name for event in spans["000000000000000d"].events] == ["sidecar.breaker", "late"]
    assert "event.name" not in event_of(read(late)).attributes
    assert len(trace.spans) == 8
    assert trace.notes == ()


def test_a_document_that_is_there_twice_is_one_span() -> None:
    assert len(collected([*SHOP, *SHOP]).spans) == 8


def test_of_a_large_trace_the_beginning_is_kept() -> None:
    many = [span_document("web", "GET", f"{place:016x}", at_ms=100 - place) for place in range(100)]
    trace = collected(many, spans_at_most=10)
    assert [span.start for span in trace.spans] == [
        MIDNIGHT + place * 1_000_000 for place in range(1, 11)
    ]
    assert trace.notes == ("the trace has 100 spans: the first 10 of them are shown",)


def test_what_cannot_be_read_is_counted() -> None:
    bad = {**SHOP[0], "@timestamp": "yesterday"}
    assert collected([bad, SHOP[1]]).notes == ("1 of its documents could not be read",)
    assert Collected(TRACE).trace() is None


def test_events_are_bounded() -> None:
    events = [event_document("e", "a", at_ms=place) for place in range(EVENTS_AT_MOST + 5)]
    together = Collected(TRACE)
    for one in events:
        together.add(read(one))
    together.add(read(span_document("web", "GET", "a")))
    trace = together.trace()
    assert trace is not None
    assert len(trace.spans[0].events) == EVENTS_AT_MOST
    assert "events" in trace.notes[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*GOLDEN, "event_name", "severity_text"]), _JSON))
def test_no_document_is_so_odd_that_reading_it_fails(source: dict[str, Any]) -> None:
    document = document_of({**GOLDEN, **source})
    if document is not None:
        together = Collected(TRACE)
        together.add(document)
        trace = together.trace()
        if trace is not None:
            msgspec.json.encode(trace)
