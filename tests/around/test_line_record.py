"""What becomes of the lines of the usual libraries, and of any line whatever."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.around.line_record import BOTH, STDERR, STDOUT, record_of
from sidecar.around.paragraphs import Paragraph
from sidecar.telemetry.signals import LogRecord

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_SPAN = "00f067aa0ba902b7"
_AT = 1_768_210_200_000_000_000


def record(line: str | bytes, stream: str = STDOUT) -> LogRecord:
    text = line.encode() if isinstance(line, str) else line
    return record_of(Paragraph(10.0, text), stream, _AT / 1e9 - 10.0)


@pytest.mark.parametrize(
    "line, body, severity, ids",
    [
        # python-json-logger, structlog, pino, bunyan, zap, zerolog, logrus, ECS, Google, OTLP
        ('{"message": "m", "levelname": "WARNING"}', "m", "WARN", ("", "")),
        ('{"event":"m","level":"error","timestamp":"2026-01-12T09:30:00Z"}',
         "m", "ERROR", ("", "")),
        ('{"level":30,"time":1768210200000,"pid":1,"hostname":"h","msg":"m"}',
         "m", "INFO", ("", "")),
        ('{"level":"debug","ts":1768210200.0,"msg":"m"}', "m", "DEBUG", ("", "")),
        (f'{{"message":"m","log.level":"ERROR","trace.id":"{_TRACE}","span.id":"{_SPAN}"}}',
         "m", "ERROR", (_TRACE, _SPAN)),
        (f'{{"message":"m","log":{{"level":"warn"}},"trace":{{"id":"{_TRACE}"}}}}',
         "m", "WARN", (_TRACE, "")),
        (f'{{"severity":"NOTICE","message":"m","logging.googleapis.com/trace":"projects/x/traces/{_TRACE}"}}',
         "m", "INFO", (_TRACE, "")),
        (f'{{"body":"m","severity_text":"INFO","trace_id":"0x{_TRACE}","span_id":"0x{_SPAN}"}}',
         "m", "INFO", (_TRACE, _SPAN)),
        (f'{{"Body":{{"stringValue":"m"}},"SeverityNumber":17,"TraceId":"{_TRACE}"}}',
         "m", "ERROR", (_TRACE, "")),
        (f'{{"msg":"m","otelTraceID":"{_TRACE}","otelSpanID":"{_SPAN}"}}',
         "m", "INFO", (_TRACE, _SPAN)),
        (f'{{"msg":"m","dd":{{"trace_id":"{_TRACE}"}}}}', "m", "INFO", (_TRACE, "")),
        (f'{{"msg":"m","traceparent":"00-{_TRACE}-{_SPAN}-01"}}', "m", "INFO", (_TRACE, _SPAN)),
        (f'{{"msg":"m","trace_id":"{"0" * 32}","span_id":"{_SPAN}"}}', "m", "INFO", ("", "")),
        ('{"msg":"m","trace_id":12345}', "m", "INFO", ("", "")),
        ('{"a": 1}', '{"a": 1}', "INFO", ("", "")),
        ('{"msg": {"a": 1}}', '{"a":1}', "INFO", ("", "")),
        ("{no json}", "{no json}", "INFO", ("", "")),
        ("[1, 2]", "[1, 2]", "INFO", ("", "")),
    ],
)  # fmt: skip
def test_json_in_the_usual_shapes(
    line: str, body: str, severity: str, ids: tuple[str, str]
) -> None:
    found = record(line)
    assert (found.body, found.severity) == (body, severity)
    assert (found.trace_id, found.span_id) == ids
    assert found.observed == _AT
    assert found.attributes["log.iostream"] == "stdout"
    assert not {"msg", "message", "level", "time", "trace_id"} & set(found.attributes)


def test_the_time_is_the_line_s_own_where_it_can_be_read() -> None:
    assert record('{"msg":"m","time":1768210100000}').at == _AT - 100 * 10**9
    assert record('{"msg":"m","time":"soon"}').at == _AT


def test_what_else_stands_in_a_line_is_told_too() -> None:
    assert record('{"msg":"m","order":17,"user":{"id":"u"}}', BOTH).attributes == {
        "order": 17,
        "user.id": "u",
    }


@pytest.mark.parametrize(
    "line, stream, severity",
    [
        ("ERROR of measurement: 0.1", STDOUT, "INFO"),
        ("plain", STDERR, "INFO"),
        ("ERROR:root:broken", STDERR, "ERROR"),
        ("WARNING: old", STDERR, "WARN"),
        ("[CRITICAL] gone", STDERR, "ERROR"),
        ("2026-01-12 09:30:00,123 ERROR order: broken", STDERR, "ERROR"),
        ("2026-01-12T09:30:00.123Z WARN order", STDERR, "WARN"),
        ("[2026-01-12 09:30:00 +0000] [DEBUG] x", STDERR, "DEBUG"),
        ("2026-01-12 09:30:00,123 - INFO - fine", BOTH, "INFO"),
        ("no ERROR here", STDERR, "INFO"),
        ("ERRORS are counted", STDERR, "INFO"),
        ("x\nTraceback (most recent call last):\n  a\nKeyError", STDOUT, "ERROR"),
        ("DEBUG: x\nTraceback (most recent call last):\n  a\nKeyError", STDERR, "DEBUG"),
    ],
)  # fmt: skip
def test_the_severity_of_text_is_what_it_says_itself(line: str, stream: str, severity: str) -> None:
    assert record(line, stream).severity == severity


@pytest.mark.parametrize(
    "line, ids",
    [
        (f"served 00-{_TRACE}-{_SPAN}-01 in 3ms", (_TRACE, _SPAN)),
        (f"trace_id={_TRACE} span_id={_SPAN} served", (_TRACE, _SPAN)),
        (f"[trace.id={_TRACE}] served", (_TRACE, "")),
        (f'traceId: "{_TRACE.upper()}"', (_TRACE, "")),
        (f"otelTraceID={_TRACE} otelSpanID={_SPAN}", (_TRACE, _SPAN)),
        (f"trace_id={'0' * 32} served", ("", "")),
        (f"{_TRACE} served", ("", "")),
        ("dd.trace_id=1234567890 served", ("", "")),
    ],
)  # fmt: skip
def test_ids_in_text(line: str, ids: tuple[str, str]) -> None:
    found = record(line)
    assert (found.trace_id, found.span_id) == ids
    assert found.body == line


def test_what_is_no_text_can_be_read_all_the_same() -> None:
    assert record(b"\xff\x00x").body == "\\xff\x00x"


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "line", ["1" + " " * 60_000 + "x", "1" * 60_000, "traceid" + " " * 60_000, "00-" * 20_000]
)
def test_no_line_takes_more_than_a_moment(line: str) -> None:
    assert record(line, STDERR).body == line


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(("msg", "level", "time", "trace_id", "trace", "dd", "x", "traceparent"))


@given(st.dictionaries(_NAMES, _JSON).map(json.dumps) | st.text(), st.sampled_from((STDOUT, BOTH)))
def test_any_line_becomes_a_record_that_can_be_encoded(line: str, stream: str) -> None:
    found = record(line.encode("utf-8", "surrogatepass"), stream)
    assert found.severity in {"DEBUG", "INFO", "WARN", "ERROR"}
    assert len(found.trace_id) in {0, 32}
    assert len(found.span_id) in {0, 16}
    msgspec.json.encode(found)
