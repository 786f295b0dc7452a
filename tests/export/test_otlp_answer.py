from __future__ import annotations

import pytest
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from msgspec.structs import replace
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from sidecar.export.item import Signal
from sidecar.export.otlp_answer import (
    NOT_ALLOWED_SECONDS,
    Answer,
    answer_of_code,
    answer_of_status,
    delay_of_details,
    delay_of_field,
    no_answer,
    read_response,
)

PARTIAL: dict[Signal, Message] = {
    Signal.TRACES: traces.ExportTraceServiceResponse(
        partial_success=traces.ExportTracePartialSuccess(rejected_spans=3, error_message="old")
    ),
    Signal.LOGS: logs.ExportLogsServiceResponse(
        partial_success=logs.ExportLogsPartialSuccess(rejected_log_records=3, error_message="old")
    ),
    Signal.METRICS: metrics.ExportMetricsServiceResponse(
        partial_success=metrics.ExportMetricsPartialSuccess(
            rejected_data_points=3, error_message="old"
        )
    ),
}


@pytest.mark.parametrize("signal", Signal)
def test_a_response_counts_what_was_refused(signal: Signal) -> None:
    answer = read_response(signal, PARTIAL[signal].SerializeToString())
    assert answer == Answer(rejected=3, error="3 refused: old")


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("data", [b"", b"\xff<html>no collector</html>", b"{}"])
def test_any_other_is_a_success(signal: Signal, data: bytes) -> None:
    assert read_response(signal, data) == Answer()


@pytest.mark.parametrize("rejected", [0, -5])
def test_words_alone_refuse_nothing(rejected: int) -> None:
    partial = traces.ExportTracePartialSuccess(rejected_spans=rejected, error_message="take care")
    response = traces.ExportTraceServiceResponse(partial_success=partial)
    assert read_response(Signal.TRACES, response.SerializeToString()) == Answer()


AGAIN = Answer(again=True)
LATER = Answer(again=True, retry_after=NOT_ALLOWED_SECONDS)
HALVED = Answer(refused="rejected", split=True)
REFUSED = Answer(refused="rejected")
TOO_LARGE = Answer(refused="too_large", split=True)


@pytest.mark.parametrize(
    "expected,statuses",
    [
        (AGAIN, [429, 502, 503, 504]),
        (LATER, [301, 302, 401, 403]),
        (TOO_LARGE, [413]),
        (HALVED, [400, 408, 409, 422, 500]),
        (REFUSED, [404, 405, 415, 501]),
    ],
)
def test_what_a_status_says(expected: Answer, statuses: list[int]) -> None:
    for status in statuses:
        found = answer_of_status(status, 0.0, b"")
        assert (status, found) == (status, replace(expected, error=str(status)))


@pytest.mark.parametrize(
    "expected,codes",
    [
        (AGAIN, ["CANCELLED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "DATA_LOSS"]),
        (Answer(again=True, silent=True), ["UNAVAILABLE", "DEADLINE_EXCEEDED"]),
        (LATER, ["UNAUTHENTICATED", "PERMISSION_DENIED"]),
        (HALVED, ["INVALID_ARGUMENT", "INTERNAL", "UNKNOWN", "NOT_FOUND", "FAILED_PRECONDITION"]),
        (REFUSED, ["UNIMPLEMENTED"]),
    ],
)
def test_what_a_code_says(expected: Answer, codes: list[str]) -> None:
    for code in codes:
        assert answer_of_code(code, "", None) == replace(expected, error=code)


def test_whoever_asks_for_a_pause_is_no_one_silent() -> None:
    answer = answer_of_code("UNAVAILABLE", "busy", 7.5)
    assert answer == Answer(again=True, retry_after=7.5, error="UNAVAILABLE busy")


@pytest.mark.parametrize(
    "words",
    [
        "grpc: received message larger than max (5242880 vs. 4194304)",
        "SERVER: Received message larger than max (10 vs 4)",
        "gRPC message exceeds maximum size 4194304: 5242880",
        "Error, decoded message length too large: found 5242880 bytes, the limit is: 4194304 bytes",
    ],
)
@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "OUT_OF_RANGE"])
def test_grpc_says_in_words_that_a_request_was_too_large(code: str, words: str) -> None:
    answer = answer_of_code(code, words, None)
    assert (answer.refused, answer.split, answer.again) == ("too_large", True, False)


def test_what_was_wrong_is_said_in_one_line() -> None:
    told = answer_of_status(400, 0.0, Status(message="no\nsuch \x1b[1mthing").SerializeToString())
    assert told.error == "400 no such [1mthing"
    assert answer_of_status(502, 0.0, b"<h1>Bad\xff</h1>").error == "502 <h1>Bad�</h1>"
    assert len(answer_of_status(502, 0.0, b"x" * 10_000).error) < 250
    assert no_answer("a\nb") == Answer(again=True, silent=True, error="a b")


@pytest.mark.parametrize(
    "text,seconds",
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
        ("²", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 0.0),
        ("Thu, 99 Jan 1970 00:00:05 GMT", 0.0),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    assert delay_of_field(text, wall=10.0) == seconds


def test_retry_info() -> None:
    packed, other = any_pb2.Any(), any_pb2.Any()
    other.Pack(ErrorInfo(reason="busy"))
    packed.Pack(RetryInfo(retry_delay=duration_pb2.Duration(seconds=2, nanos=500_000_000)))
    assert delay_of_details(Status(details=[other, packed]).SerializeToString()) == 2.5
    assert delay_of_details(Status(details=[other]).SerializeToString()) is None
    assert delay_of_details(b"") is None
    assert delay_of_details(b"\xff\xff") is None
