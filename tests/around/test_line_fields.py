from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.around.line_fields import (
    FIELDS_AT_MOST,
    TIME,
    TRACE_ID,
    attributes_of,
    first,
    nanoseconds_of,
    severity_of,
    severity_of_number,
)

_2026 = 1_768_210_200_123_000_000


@pytest.mark.parametrize(
    "value, severity",
    [
        ("INFO", "INFO"), ("info", "INFO"), ("INFO2", "INFO"), ("notice", "INFO"),
        ("Warning", "WARN"), ("warn", "WARN"), ("ERROR4", "ERROR"), ("critical", "ERROR"),
        ("trace", "DEBUG"), (10, "DEBUG"), (20, "DEBUG"), (30, "INFO"), (40, "WARN"),
        (50, "ERROR"), (60, "ERROR"), ("30", "INFO"), (35, "INFO"),
        ("strange", ""), ("", ""), (None, ""), (True, ""), (3.5, ""), (7, ""), (10**30, ""),
        ("9" * 5000, ""), (["info"], ""),
    ],
)  # fmt: skip
def test_severities_of_all_the_usual_libraries(value: object, severity: str) -> None:
    assert severity_of(value) == severity


@pytest.mark.parametrize(
    "number, severity",
    [(1, "DEBUG"), (8, "DEBUG"), (9, "INFO"), (13, "WARN"), (17, "ERROR"), (24, "ERROR"), (25, ""),
     (0, ""), (True, ""), ("9", "")],
)  # fmt: skip
def test_severities_as_opentelemetry_counts(number: object, severity: str) -> None:
    assert severity_of_number(number) == severity


@pytest.mark.parametrize(
    "value, moment",
    [
        ("2026-01-12T09:30:00.123Z", _2026),
        ("2026-01-12T10:30:00.123+01:00", _2026),
        ("2026-01-12 09:30:00,123+00:00", _2026),
        (1_768_210_200.123, _2026),
        ("1768210200.123", _2026),
        (1_768_210_200_123, _2026),
        (1_768_210_200_123_000, _2026),
        (_2026, _2026),
        (str(_2026), _2026),
        ("yesterday", 0), (12, 0), (-1, 0), (True, 0), (None, 0), ({}, 0), ("nan", 0), (1e300, 0),
        ("0001-01-01T00:00:00+23:59", 0),
    ],
)  # fmt: skip
def test_times_in_whatever_they_are_counted(value: object, moment: int) -> None:
    assert abs(nanoseconds_of(value) - moment) < 1000


@given(st.text() | st.integers() | st.floats())
def test_any_time_and_any_severity_can_be_asked_for(value: object) -> None:
    assert nanoseconds_of(value) >= 0
    assert isinstance(severity_of(value), str)


def test_the_first_name_that_is_there_counts_also_in_a_map() -> None:
    used: set[str] = set()
    assert first({"trace": {"id": "a"}, "traceId": None}, TRACE_ID, used) == "a"
    assert used == {"trace.id"}
    assert first({"ts": 1, "@timestamp": 2}, TIME, used) == 2
    assert first({}, TIME, used) is None


def test_what_is_left_is_told_flat() -> None:
    told = attributes_of(
        {
            "user": {"id": 7, "tags": ["a", "b"], "deep": {"a": {"b": 1}}},
            "ok": True, "share": 0.5, "none": None, "mixed": [1, "a"], "big": 2**70, "msg": "x",
        },
        {"msg"},
    )  # fmt: skip
    assert told == {
        "user.id": 7, "user.tags": ["a", "b"], "user.deep.a": '{"b":1}',
        "ok": True, "share": 0.5, "mixed": '[1,"a"]', "big": "1180591620717411303424",
    }  # fmt: skip


def test_what_is_left_is_bounded() -> None:
    fields: dict[str, Any] = {f"{number}" * 300: "x" * 100_000 for number in range(1000)}
    told = attributes_of(fields, set())
    assert len(told) <= FIELDS_AT_MOST
    assert sum(len(name) + len(str(value)) for name, value in told.items()) < 300_000
