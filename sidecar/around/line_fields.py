"""Under which names services log what: those of the usual libraries, and of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Final

import msgspec

from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.signals import AttributeValue

MESSAGE: Final = ("message", "msg", "event", "body", "Body", "text")
TIME: Final = (
    "time", "timestamp", "@timestamp", "ts", "Timestamp", "time_unix_nano", "timeUnixNano",
    "asctime", "datetime",
)  # fmt: skip
SEVERITY: Final = (
    "level", "severity", "levelname", "log.level", "severity_text", "SeverityText",
    "severityText", "lvl",
)  # fmt: skip
#: From 1 to 24, as OpenTelemetry counts.
SEVERITY_NUMBER: Final = ("severity_number", "SeverityNumber", "severityNumber")
TRACE_ID: Final = (
    "trace_id", "traceId", "trace.id", "TraceId", "traceid", "otelTraceID", "dd.trace_id",
    "logging.googleapis.com/trace",
)  # fmt: skip
SPAN_ID: Final = (
    "span_id", "spanId", "span.id", "SpanId", "spanid", "otelSpanID", "dd.span_id",
    "logging.googleapis.com/spanId",
)  # fmt: skip
TRACEPARENT: Final = ("traceparent",)

#: So many fields of a line are told, with so much of each.
FIELDS_AT_MOST: Final = 64
VALUE_CHARACTERS: Final = 4096
_NAME_CHARACTERS: Final = 128
_LARGEST: Final = 2**63

_DEBUG, _INFO, _WARN, _ERROR = (
    Severity.DEBUG.value, Severity.INFO.value, Severity.WARN.value, Severity.ERROR.value,
)  # fmt: skip
_SEVERITIES: Final = {
    "trace": _DEBUG, "debug": _DEBUG, "verbose": _DEBUG,
    "info": _INFO, "information": _INFO, "informational": _INFO, "notice": _INFO,
    "default": _INFO, "log": _INFO,
    "warn": _WARN, "warning": _WARN,
    "error": _ERROR, "err": _ERROR, "severe": _ERROR, "critical": _ERROR, "crit": _ERROR,
    "fatal": _ERROR, "panic": _ERROR, "alert": _ERROR, "emerg": _ERROR, "emergency": _ERROR,
    "dpanic": _ERROR, "exception": _ERROR,
}  # fmt: skip
#: By quarters of six, TRACE to FATAL.
_BY_NUMBER: Final = (_DEBUG, _DEBUG, _INFO, _WARN, _ERROR, _ERROR)
#: What a time may be counted in, by the least that makes sense of it: 2001 in each.
_UNITS: Final = ((1e18, 1), (1e15, 1_000), (1e12, 1_000_000), (1e9, 1_000_000_000))


def first(fields: Mapping[str, Any], names: tuple[str, ...], used: set[str]) -> object:
    """The value of the first of these names that is there, also in a map in a map; None else."""
    for name in names:
        value = fields.get(name)
        if value is not None:
            used.add(name)
            return value
        outer, dot, inner = name.partition(".")
        within = fields.get(outer) if dot else None
        if isinstance(within, Mapping) and within.get(inner) is not None:
            used.add(name)
            return within[inner]
    return None


def severity_of(value: object) -> str:
    """The severity that a word stands for, or a number of pino or bunyan; empty when it is none."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text.isdecimal() and len(text) <= 3:
            return severity_of(int(text))
        # ``INFO2`` is one of OpenTelemetry's.
        return _SEVERITIES.get(text.rstrip("1234"), "")
    if isinstance(value, bool) or not isinstance(value, int) or not 10 <= value < 100:
        return ""
    if value < 30:
        return _DEBUG
    return _ERROR if value >= 50 else _WARN if value >= 40 else _INFO


def severity_of_number(value: object) -> str:
    """The severity that one of OpenTelemetry's numbers stands for; empty when it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 24:
        return ""
    return _BY_NUMBER[(value - 1) // 4]


def nanoseconds_of(value: object) -> int:
    """A time as nanoseconds since 1970; 0 when it cannot be read, or makes no sense.

    What names no zone is this machine's time, as it is the service's.
    """
    if isinstance(value, str):
        text = value.strip()[:_NAME_CHARACTERS]
        try:
            return _counted(float(text))
        except ValueError:
            return _of_date(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return _counted(value)


def _counted(value: float) -> int:
    for least, unit in _UNITS:
        if least <= value < least * 10:
            return round(value * unit)
    return 0


def _of_date(text: str) -> int:
    try:
        return _counted(datetime.fromisoformat(text.replace(",", ".")).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


# --- all that is left


def attributes_of(fields: Mapping[str, Any], used: set[str]) -> dict[str, AttributeValue]:
    """What a line says besides; maps in it under dotted names, all of it bounded."""
    told: dict[str, AttributeValue] = {}
    for name, value in _flat(fields, "", 0):
        if name in used or value is None:
            continue
        if len(told) == FIELDS_AT_MOST:
            break
        told[name[:_NAME_CHARACTERS]] = _told(value)
    return told


def _flat(fields: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and depth < 2:
            yield from _flat(value, f"{before}{name}.", depth + 1)
        else:
            yield before + name, value


def _told(value: Any) -> AttributeValue:
    if isinstance(value, str):
        return value[:VALUE_CHARACTERS]
    if isinstance(value, bool) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [one[:VALUE_CHARACTERS] for one in value[:FIELDS_AT_MOST]]
    return msgspec.json.encode(value).decode()[:VALUE_CHARACTERS]
