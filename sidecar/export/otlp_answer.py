"""What a collector's answer says of the items of one request.

What may be sent again, and what must not, is as OTLP's specification has it.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from sidecar.export.item import Signal

#: Somebody has to give us the right first.
NOT_ALLOWED_SECONDS: Final = 30.0
REJECTED: Final = "rejected"
TOO_LARGE: Final = "too_large"

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
_SAID_LETTERS: Final = 200

_BUSY: Final = frozenset({429, 502, 503, 504})
_NOT_ALLOWED: Final = frozenset({401, 403})
#: This signal, or this protocol, is not spoken there: a smaller request would change nothing.
_NOT_SPOKEN: Final = frozenset({404, 405, 415, 501})

_BUSY_CODES: Final = frozenset({
    "CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE",
    "UNAVAILABLE", "DATA_LOSS",
})  # fmt: skip
_NOT_ALLOWED_CODES: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
_NO_ANSWER_CODES: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
#: In gRPC no code says so: these are the words of its implementations.
_IS_TOO_LARGE: Final = re.compile(r"larger than max|exceeds maximum size|length too large")


class Answer(msgspec.Struct, frozen=True):
    """What became of a request. Without a word, it was taken whole."""

    #: Items of a request that was taken which the collector would not have.
    rejected: int = 0
    #: Nothing was taken; all of it may be another time.
    again: bool = False
    #: Nothing was taken, nor ever will be as it is: a word of ``telemetry.reasons``.
    refused: str = ""
    #: A part of what was refused may be taken by itself.
    split: bool = False
    #: Nobody answered, or not in time.
    silent: bool = False
    retry_after: float = 0.0
    #: What was wrong, for people.
    error: str = ""


#: What libraries say of such a field has its value, which may be a secret.
UNSENDABLE: Final = Answer(
    again=True,
    retry_after=NOT_ALLOWED_SECONDS,
    error="the value of a header field has letters that none may have",
)


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
    if rejected <= 0:
        return Answer()
    return Answer(rejected=rejected, error=f"{rejected} refused: {_said(partial.error_message)}")


def no_collector(said: str) -> Answer:
    """What it means when a success is a web page: nobody there has taken anything."""
    return Answer(
        again=True,
        retry_after=NOT_ALLOWED_SECONDS,
        error=_said(f"what answers is a {said}, and no collector"),
    )


def answer_of_status(status: int, retry_after: float, body: bytes) -> Answer:
    """What an HTTP status says that is not a success."""
    error = f"{status} {_said(_message(body))}".rstrip()
    if status in _BUSY:
        return Answer(again=True, retry_after=retry_after, error=error)
    if status in _NOT_ALLOWED or status < 400:
        # Not an answer of a collector's, or one that somebody can mend.
        pause = max(retry_after, NOT_ALLOWED_SECONDS)
        return Answer(again=True, retry_after=pause, error=error)
    if status == 413:
        return Answer(refused=TOO_LARGE, split=True, error=error)
    return Answer(refused=REJECTED, split=status not in _NOT_SPOKEN, error=error)


def answer_of_code(code: str, words: str, delay: float | None) -> Answer:
    """What a gRPC code says; ``delay`` is what ``RetryInfo`` asks for, None when there is none."""
    error = f"{code} {_said(words)}".rstrip()
    if _IS_TOO_LARGE.search(words):
        return Answer(refused=TOO_LARGE, split=True, error=error)
    if code in _BUSY_CODES:
        silent = code in _NO_ANSWER_CODES and delay is None
        return Answer(again=True, retry_after=delay or 0.0, silent=silent, error=error)
    if code in _NOT_ALLOWED_CODES:
        pause = max(delay or 0.0, NOT_ALLOWED_SECONDS)
        return Answer(again=True, retry_after=pause, error=error)
    return Answer(refused=REJECTED, split=code != "UNIMPLEMENTED", error=error)


def no_answer(error: str) -> Answer:
    """What it means when there is none."""
    return Answer(again=True, silent=True, error=_said(error))


def delay_of_field(text: str, wall: float) -> float:
    """Seconds that ``Retry-After`` asks for, 0 if it cannot be read; ``wall`` since 1970."""
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - wall, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def delay_of_details(details: bytes) -> float | None:
    """Seconds that a ``RetryInfo`` in ``grpc-status-details-bin`` asks for; None without one."""
    try:
        for detail in Status.FromString(details).details:
            info = RetryInfo()
            if detail.Unpack(info):
                delay = info.retry_delay
                return max(float(delay.seconds + delay.nanos / 1e9), 0.0)
    except DecodeError:
        pass
    return None


def _message(body: bytes) -> str:
    """What a refusal says: OTLP has a ``Status`` there, proxies have text."""
    try:
        message = str(Status.FromString(body).message)
    except DecodeError:
        message = ""
    return message or body.decode("utf-8", "replace")


def _said(text: str) -> str:
    """The same on one line, and not too long a one."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * _SAID_LETTERS])
    return " ".join(kept.split())[:_SAID_LETTERS]
