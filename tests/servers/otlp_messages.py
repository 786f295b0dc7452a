"""What a collector of OpenTelemetry is sent, decoded, and what it can say to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Signal = Literal["traces", "metrics", "logs"]
Transport = Literal["http", "grpc"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one signal is sent: the gRPC service, the messages, what a rejection is counted in."""

    service: str
    request: type[Message]
    response: type[Message]
    partial_success: type[Message]
    rejected: str


KINDS: Mapping[Signal, Kind] = {
    "traces": Kind(
        "opentelemetry.proto.collector.trace.v1.TraceService",
        trace_service.ExportTraceServiceRequest,
        trace_service.ExportTraceServiceResponse,
        trace_service.ExportTracePartialSuccess,
        "rejected_spans",
    ),
    "metrics": Kind(
        "opentelemetry.proto.collector.metrics.v1.MetricsService",
        metrics_service.ExportMetricsServiceRequest,
        metrics_service.ExportMetricsServiceResponse,
        metrics_service.ExportMetricsPartialSuccess,
        "rejected_data_points",
    ),
    "logs": Kind(
        "opentelemetry.proto.collector.logs.v1.LogsService",
        logs_service.ExportLogsServiceRequest,
        logs_service.ExportLogsServiceResponse,
        logs_service.ExportLogsPartialSuccess,
        "rejected_log_records",
    ),
}


@dataclass(frozen=True, slots=True)
class Received:
    """One export request.

    ``fields`` are HTTP fields or gRPC metadata, names in lower case.
    """

    signal: Signal
    transport: Transport
    fields: Mapping[str, str]
    body_bytes: int
    message: Any = field(repr=False)


# --- what the collector answers


@dataclass(frozen=True, slots=True)
class Accept:
    """Take everything."""


@dataclass(frozen=True, slots=True)
class PartialSuccess:
    """Take the request, and say that so many of its items were no good."""

    rejected: int
    message: str = "some were no good"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Take nothing; over gRPC ``status`` becomes the code that the specification pairs with it."""

    status: int = 503
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Garbage:
    """Claim success in a body that is no protobuf."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Take the request off the wire and never answer."""


Answer = Accept | PartialSuccess | Refuse | Garbage | Hang

GARBAGE = b"\xff\xfe<html>no collector here</html>"


def response_to(signal: Signal, answer: Accept | PartialSuccess | Garbage) -> bytes:
    """The body of a successful response."""
    kind = KINDS[signal]
    response = kind.response()
    if isinstance(answer, Garbage):
        return GARBAGE
    if isinstance(answer, PartialSuccess):
        counted = {kind.rejected: answer.rejected, "error_message": answer.message}
        response = kind.response(partial_success=kind.partial_success(**counted))
    return bytes(response.SerializeToString())


# --- reading what came


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as plain values; a list of values becomes a list, a map a dict."""
    return {pair.key: plain(pair.value) for pair in pairs}


def plain(value: AnyValue) -> Any:
    """The Python value in ``value``; None when it holds nothing."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return attributes(value.kvlist_value.values)
        case filled:
            return getattr(value, filled)
