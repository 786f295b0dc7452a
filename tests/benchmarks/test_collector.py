from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.collector import Collector

TRACES = ("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def spans(*traces: str) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for trace in traces:
        scope.spans.add().trace_id = bytes.fromhex(trace)
    return bytes(request.SerializeToString())


def post(collector: Collector, path: str, body: bytes, **more: str) -> int:
    connection = HTTPConnection("127.0.0.1", collector.port, timeout=5)
    chunked = more.pop("pieces", "")
    connection.request(
        "POST",
        path,
        body=iter([body[:7], body[7:]]) if chunked else body,
        headers=more,
        encode_chunked=bool(chunked),
    )
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("form", ["plain", "gzip", "pieces"])
def test_traces_are_known_by_their_ids(form: str, collector: Collector) -> None:
    body = spans(*TRACES, TRACES[0])
    more = {"gzip": {"content-encoding": "gzip"}, "pieces": {"pieces": "yes"}}.get(form, {})
    if form == "gzip":
        body = gzip.compress(body)
    assert post(collector, "/v1/traces", body, **more) == 200
    assert collector.traces == set(TRACES)


def test_other_signals_are_taken_and_not_looked_at(collector: Collector) -> None:
    assert post(collector, "/v1/logs", b"anything") == 200
    assert collector.traces == frozenset()
