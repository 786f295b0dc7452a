from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from sidecar.traces.files import FileStore
from sidecar.traces.jaeger import Answer, jaeger_trace
from sidecar.traces.trace import StoredSpan, Trace
from tests.traces import jaeger_shape
from tests.traces.documents import MIDNIGHT, SHOP, TRACE, write
from tests.traces.growing import traces


def told(trace: Trace) -> jaeger_shape.Trace:
    [one] = jaeger_shape.traces(msgspec.json.encode(Answer([jaeger_trace(trace)], 1)))
    return one


@pytest.fixture
def shop(tmp_path: Path) -> jaeger_shape.Trace:
    write(tmp_path, SHOP)
    trace = FileStore(tmp_path).trace(TRACE)
    assert trace is not None
    return told(trace)


def test_a_span_as_grafana_reads_it(shop: jaeger_shape.Trace) -> None:
    span = next(one for one in shop.spans if one.spanID == "000000000000000f")
    assert span.operationName == "GET inventory"
    assert (span.startTime, span.duration) == (MIDNIGHT // 1000 + 5200, 11_000)
    [reference] = span.references
    assert (reference.refType, reference.spanID) == ("CHILD_OF", "000000000000000e")
    assert reference.traceID == TRACE
    tags = {tag.key: (tag.type, tag.value) for tag in span.tags}
    assert tags == {
        "error.type": ("string", "connect_failure"),
        "server.address": ("string", "10.0.0.7"),
        "server.port": ("int64", 8080),
        "span.kind": ("string", "client"),
        "otel.status_code": ("string", "ERROR"),
        "otel.scope.name": ("string", "sidecar"),
        "otel.scope.version": ("string", "0.5.0"),
        "error": ("bool", True),
    }
    assert span.warnings is None


def test_who_speaks_stands_once(shop: jaeger_shape.Trace) -> None:
    assert {name: one.serviceName for name, one in shop.processes.items()} == {
        "p1": "web", "p2": "order", "p3": "inventory",
    }  # fmt: skip
    [tag] = shop.processes["p2"].tags
    assert (tag.key, tag.type, tag.value) == ("host.name", "string", "order-1")


def test_events_are_logs(shop: jaeger_shape.Trace) -> None:
    [log] = next(one.logs for one in shop.spans if one.spanID == "000000000000000d")
    assert log.timestamp == MIDNIGHT // 1000 + 60_000
    assert [(field.key, field.value) for field in log.fields] == [
        ("event", "sidecar.breaker"), ("sidecar.breaker.state", "open"),
        ("body", "breaker pay is open for 2s: 8 requests in a row failed"),
    ]  # fmt: skip


def test_a_root_has_no_reference_and_values_keep_their_types() -> None:
    attributes = {"n": 1, "f": 0.5, "b": False, "l": ["a", "b"], "big": 2**60, "none": None,
                  "error": "mine", "nan": float("nan")}  # fmt: skip
    span = StoredSpan(trace_id=TRACE, span_id="a", name="GET", start=0, end=1, status="error",
                      attributes=attributes)  # fmt: skip
    [one] = told(Trace(TRACE, [span])).spans
    assert one.references == []
    assert {tag.key: tag.value for tag in one.tags} == {
        "n": 1, "f": 0.5, "b": False, "l": "a, b", "big": str(2**60), "none": "None",
        "error": "mine", "nan": "nan", "otel.status_code": "ERROR",
    }  # fmt: skip


def test_what_is_odd_is_a_warning() -> None:
    root = StoredSpan(trace_id=TRACE, span_id="a", parent_id="gone", name="GET", start=0,
                      end=10**9)  # fmt: skip
    late = msgspec.structs.replace(root, span_id="b", parent_id="a", end=3 * 10**9)
    trace = told(Trace(TRACE, [root, late], ("the trace has 5 spans",)))
    assert trace.warnings is not None
    assert trace.warnings[0] == "the trace has 5 spans"
    assert "is not here" in trace.warnings[1]
    assert [one.warnings is not None for one in trace.spans] == [True, True]


@given(traces)
def test_no_trace_is_so_odd_that_grafana_breaks(trace: Trace) -> None:
    assert len(told(trace).spans) == len(trace.spans)
