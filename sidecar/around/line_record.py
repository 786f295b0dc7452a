"""Reads what a service has logged: a line of JSON in any of the usual shapes, or plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sidecar.around.line_fields import (
    MESSAGE,
    SEVERITY,
    SEVERITY_NUMBER,
    SPAN_ID,
    TIME,
    TRACE_ID,
    TRACEPARENT,
    attributes_of,
    first,
    nanoseconds_of,
    severity_of,
    severity_of_number,
)
from sidecar.around.paragraphs import Paragraph
from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.signals import Attributes, LogRecord

#: The streams that a service writes to; ``BOTH`` where the two lead to the same place.
STDOUT: Final = "stdout"
STDERR: Final = "stderr"
BOTH: Final = ""

_INFO: Final = Severity.INFO.value
_ERROR: Final = Severity.ERROR.value
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_TRACEBACK: Final = "Traceback (most recent call last)"
#: How many characters of a line are looked at for a level, and for ids.
_LOOKED_AT: Final = 96
_SEARCHED: Final = 4096
_TRACEPARENT: Final = re.compile(r"(?<![0-9a-f])00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_TRACE_ID: Final = re.compile(
    r"""\b(?:otel)?trace[._]?id["']?\s*[:=]\s*["']?(?:0x)?([0-9a-f]{32})\b""", re.IGNORECASE
)
_SPAN_ID: Final = re.compile(
    r"""\b(?:otel)?span[._]?id["']?\s*[:=]\s*["']?(?:0x)?([0-9a-f]{16})\b""", re.IGNORECASE
)
#: A level where loggers put it: at the beginning, or after a time and the like, in capitals.
_LEVEL: Final = re.compile(
    r"^(?:[\[(<]?[\d][\w:.,+/ TZ-]*[\])>]?[ |-]*)?[\[(<]?"
    r"(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC|SEVERE)"
    r"(?=[\])>:| \t]|$)"
)


def record_of(paragraph: Paragraph, stream: str, offset: float) -> LogRecord:
    """What a service has logged.

    ``offset`` is added to monotonic seconds to get those since 1970. Without a severity of its
    own it is ``INFO``.
    """
    observed = round((paragraph.at + offset) * 1e9)
    if paragraph.text.startswith(b"{"):
        fields = _object(paragraph.text)
        if fields is not None:
            return _of_fields(fields, paragraph.text, stream, observed)
    return _of_text(_readable(paragraph.text), stream, observed)


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _stream(stream: str) -> dict[str, str]:
    return {a.LOG_STREAM.name: stream} if stream else {}


# --- JSON


def _of_fields(fields: dict[str, Any], text: bytes, stream: str, observed: int) -> LogRecord:
    used: set[str] = set()
    message = first(fields, MESSAGE, used)
    at = nanoseconds_of(first(fields, TIME, used)) or observed
    severity = severity_of(first(fields, SEVERITY, used))
    number = severity_of_number(first(fields, SEVERITY_NUMBER, used))
    trace_id, span_id = _ids(fields, used)
    rest: Attributes = {**attributes_of(fields, used), **_stream(stream)}
    body = _body(message) or _readable(text)
    return LogRecord(at, observed, severity or number or _INFO, "", body, rest, trace_id, span_id)


def _body(message: object) -> str:
    if isinstance(message, str):
        return message
    if isinstance(message, Mapping):
        # As OTLP has it: ``{"stringValue": "..."}``.
        inner = message.get("stringValue", message.get("text"))
        if isinstance(inner, str):
            return inner
    return "" if message is None else msgspec.json.encode(message).decode()


def _ids(fields: dict[str, Any], used: set[str]) -> tuple[str, str]:
    parent = first(fields, TRACEPARENT, used)
    if isinstance(parent, str) and (found := _TRACEPARENT.search(parent)):
        return _valid(found[1], found[2])
    trace, span = first(fields, TRACE_ID, used), first(fields, SPAN_ID, used)
    return _valid(_hexadecimal(trace, 32), _hexadecimal(span, 16))


def _hexadecimal(value: object, digits: int) -> str:
    """An id of so many digits, also at the end of a path; empty for any other."""
    if not isinstance(value, str):
        return ""
    text = value.rpartition("/")[2].removeprefix("0x").replace("-", "").lower()
    return text if re.fullmatch(f"[0-9a-f]{{{digits}}}", text) else ""


def _valid(trace_id: str, span_id: str) -> tuple[str, str]:
    if not trace_id or trace_id == _NO_TRACE:
        return "", ""
    return trace_id, "" if span_id == _NO_SPAN else span_id


# --- plain text


def _of_text(text: str, stream: str, observed: int) -> LogRecord:
    trace_id, span_id = _ids_in(text)
    return LogRecord(
        observed, observed, _severity_in(text, stream), "", text, _stream(stream),
        trace_id, span_id,
    )  # fmt: skip


def _severity_in(text: str, stream: str) -> str:
    """Standard output is not asked: what goes there is seldom a log."""
    said = _LEVEL.match(text[:_LOOKED_AT]) if stream != STDOUT else None
    if said is not None:
        return severity_of(said[1]) or _INFO
    return _ERROR if _TRACEBACK in text[:_SEARCHED] else _INFO


def _ids_in(whole: str) -> tuple[str, str]:
    text = whole[:_SEARCHED]
    if found := _TRACEPARENT.search(text):
        return _valid(found[1], found[2])
    trace = _TRACE_ID.search(text)
    if trace is None:
        return "", ""
    span = _SPAN_ID.search(text)
    return _valid(trace[1].lower(), span[1].lower() if span else "")
