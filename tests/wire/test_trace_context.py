"""Trace context and request ids that came from elsewhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.trace_context import (
    SAMPLED,
    parse_traceparent,
    passable_tracestate,
    valid_request_id,
    write_traceparent,
)

TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = b"00f067aa0ba902b7"
GOOD = b"00-" + TRACE + b"-" + PARENT + b"-01"


@pytest.mark.parametrize("value, flags", [
    (GOOD, SAMPLED),
    (GOOD[:-2] + b"00", 0),
    (GOOD[:-2] + b"02", 2),
    (GOOD[:-2] + b"03", 3),
    # unknown bits are not passed on
    (GOOD[:-2] + b"ff", 3),
    (GOOD[:-2] + b"08", 0),
    # later versions
    (b"01" + GOOD[2:], 1),
    (b"cc" + GOOD[2:] + b"-what-the-future-holds", 1),
    (b"fe" + GOOD[2:] + b"-", 1),
])  # fmt: skip
def test_continued(value: bytes, flags: int) -> None:
    assert parse_traceparent(value) == (TRACE, PARENT, flags)


@pytest.mark.parametrize("value", [
    b"", b"-", b"---", GOOD[:-1], GOOD + b"0", GOOD + b"-", GOOD + b"-x", GOOD + b" ", b" " + GOOD,
    b"ff" + GOOD[2:], b"ff" + GOOD[2:] + b"-x", b"01" + GOOD[2:] + b"0", b"0x" + GOOD[2:],
    GOOD.upper(), GOOD[:36].upper() + GOOD[36:], GOOD[:36] + GOOD[36:].upper(),
    b"00-" + b"0" * 32 + b"-" + PARENT + b"-01", b"00-" + TRACE + b"-" + b"0" * 16 + b"-01",
    GOOD.replace(b"-", b"_"), GOOD.replace(b"-", b""), b"0-0" + TRACE + b"-" + PARENT + b"-01",
    b"00-" + TRACE[:-1] + b"-" + PARENT + b"0-01", b"00" + GOOD[3:] + b"-",
    GOOD[:-2] + b"0g", GOOD[:-2] + b"+1", GOOD[:-2] + b" 1", GOOD + b"," + GOOD,
    GOOD.replace(b"f", b"\xb2"), GOOD[:5] + b"\x00" + GOOD[6:],
])  # fmt: skip
def test_not_continued(value: bytes) -> None:
    assert parse_traceparent(value) is None


@given(
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.integers(0, 3),
)
def test_what_is_written_is_read(trace_id: str, span_id: str, flags: int) -> None:
    trace, span = trace_id.encode(), span_id.encode()
    expected = (trace, span, flags) if int(trace_id, 16) and int(span_id, 16) else None
    assert parse_traceparent(write_traceparent(trace, span, flags)) == expected


@given(st.one_of(st.binary(max_size=60), st.integers(0, 54).flatmap(
    lambda at: st.binary(min_size=1, max_size=1).map(lambda byte: GOOD[:at] + byte + GOOD[at + 1 :])
)))  # fmt: skip
def test_agrees_with_the_grammar(value: bytes) -> None:
    grammar = rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    assert (parse_traceparent(value) is not None) == bool(re.fullmatch(grammar, value))


@pytest.mark.parametrize("value", [
    b"congo=t61rcWkgMzE", b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", b"a=1 , b=2\t,\tc=3",
    b"fw529a3039@dt=FfAAAAAAAAA", b"1a-_*/@z=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", b"a= 1", b",a=1,,",
    b"k" * 256 + b"=" + b"v" * 256, b",".join([b"k%d=v" % i for i in range(32)]),
])  # fmt: skip
def test_tracestate_passed_on(value: bytes) -> None:
    assert passable_tracestate(value) == value


@pytest.mark.parametrize("value", [
    b"", b" ", b",", b"a", b"a=", b"=1", b"A=1", b"a b=1", b"a=1=2", b"a=1;b=2,c", b"-a=1", b"@a=1",
    b"a=\x00", b"a=\x7f", b"a=\xc3\xbc", b"\xc3=1", b"a=1,a=2", b"a =1",
    b"k" * 257 + b"=v", b"k=" + b"v" * 257,
    b",".join([*(b"k%d=v" % i for i in range(33)), b"k1=v"]),
    b",".join([b"k%d=%b" % (i, b"v" * 200) for i in range(21)]),
])  # fmt: skip
def test_tracestate_dropped(value: bytes) -> None:
    assert passable_tracestate(value) == b""


@given(st.integers(33, 200), st.sampled_from([b",", b" , ", b",,"]))
def test_of_too_long_a_tracestate_the_end_is_dropped(count: int, between: bytes) -> None:
    members = [b"k%d=v" % number for number in range(count)]
    assert passable_tracestate(between.join(members)) == b",".join(members[:32])


@pytest.mark.parametrize("value", [
    b"a", b"8f14e45f-ceea-467a-9575-6d3b1c1ae8f7", b"Root=1-67891233-abcdef012345678912345678",
    b"aGVsbG8+/w==", b"x" * 128, b"svc:7/3@a.b_c~d",
])  # fmt: skip
def test_request_ids_believed(value: bytes) -> None:
    assert valid_request_id(value)


@pytest.mark.parametrize("value", [
    b"", b" ", b"a b", b"a\tb", b"a,b", b"a;b", b'"a"', b"a\\b", b"a\x00", b"a\n", b"\xc3\xbc",
    b"<script>", b"{a}", b"x" * 129,
])  # fmt: skip
def test_request_ids_replaced(value: bytes) -> None:
    assert not valid_request_id(value)
