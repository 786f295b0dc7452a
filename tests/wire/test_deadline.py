from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.deadline import moment_of, read_deadline, what_is_left

NOW = 5000.0
OFFSET = 1_700_000_000.0


@pytest.mark.parametrize(
    "value, until",
    [
        (b"850ms", 5000.85),
        (b"1.5s", 5001.5),
        (b"0ms", 5000.0),
        (b"0.25ms", 5000.00025),
        (b"999999999999s", 5000.0 + 999999999999),
        (b"1700005001500", 5001.5),
        (b"1700004999000", 4999.0),
        (b"100000000000", 100_000_000 - OFFSET),
    ],
)
def test_what_is_left_and_moments_are_read(value: bytes, until: float) -> None:
    assert read_deadline(value, NOW, OFFSET) == pytest.approx(until)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"850", b"1700005001", b"-5ms", b"1e3ms", b"850 ms", b"1.s", b".5s", b"5m", b"850MS",
        b"1700005001500, 1700005001500", b"1700005001500ms1", b"9" * 16, b"nan", b"infs",
        "٣s".encode(), b"850ms\n",
    ],
)  # fmt: skip
def test_anything_else_is_no_deadline(value: bytes) -> None:
    assert read_deadline(value, NOW, OFFSET) is None


@given(value=st.binary(max_size=40))
def test_nothing_is_raised(value: bytes) -> None:
    read_deadline(value, NOW, OFFSET)


@given(seconds=st.floats(-10, 1e6))
def test_what_is_told_is_read_as_the_same_or_a_little_less(seconds: float) -> None:
    until = NOW + seconds
    for told in (what_is_left(until, NOW), moment_of(until, OFFSET)):
        read = read_deadline(told, NOW, OFFSET)
        assert read is not None
        assert max(until, NOW) - 0.0011 <= max(read, NOW) <= max(until, NOW) + 1e-4
