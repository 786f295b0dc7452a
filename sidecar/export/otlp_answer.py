"""What a collector's answer says of the items of one request."""

from __future__ import annotations

from typing import Final

import msgspec
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from sidecar.export.item import Signal

_RESPONSES: Final[dict[Signal, type[Message]]] = {
    Signal.TRACES: ExportTraceServiceResponse,
    Signal.LOGS: ExportLogsServiceResponse,
    Signal.METRICS: ExportMetricsServiceResponse,
}
_REJECTED: Final = {
    Signal.TRACES: "rejected_spans",
    Signal.LOGS: "rejected_log_records",
    Signal.METRICS: "rejected_data_points",
}


class Answer(msgspec.Struct, frozen=True):
    """What became of a request. Without a word, it was taken whole."""

    #: Items of a request that was taken which the collector would not have.
    rejected: int = 0
    #: Nothing was taken; all of it may be another time.
    again: bool = False
    #: Nothing was taken, nor ever will be: a word of ``telemetry.reasons``.
    refused: str = ""
    #: The request was too large.
    split: bool = False
    retry_after: float = 0.0
    #: What was wrong, for people.
    error: str = ""


def read_response(signal: Signal, data: bytes) -> Answer:
    """A response that says success, perhaps but a partial one.

    What cannot be read is success all the same: the collector has taken what it was sent, and
    would have it twice if it were sent again.
    """
    response = _RESPONSES[signal]()
    try:
        response.ParseFromString(data)
    except DecodeError:
        return Answer()
    partial = getattr(response, "partial_success")  # noqa: B009 - of three types
    rejected = int(getattr(partial, _REJECTED[signal]))
    return Answer(rejected=max(rejected, 0), error=partial.error_message if rejected > 0 else "")
