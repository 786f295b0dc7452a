"""Traces as Zipkin writes them down, in one field and in several."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.b3 import B3_MULTI_KINDS, b3_line, b3_lines, find_b3, find_b3_fields
from sidecar.wire.names import Kind
from sidecar.wire.trace_context import DEBUG, SAMPLED, UNDECIDED
from tests.wire.traced import Ids

TRACE = b"80f198ee56343ba864fe8b2a57d3eff7"
SPAN = b"e457b5a2e4d86bd1"
PARENT = b"05e3ac9a4f6e3b90"
SHORT = TRACE[:16]
BOTH = TRACE + b"-" + SPAN


def single(value: bytes) -> object:
    return find_b3({int(Kind.B3): value})


def multi(**fields: bytes) -> object:
    known = {name.replace(b"-", b"_").decode(): kind for name, kind in B3_MULTI_KINDS.items()}
    return find_b3_fields({int(known[f"x_b3_{name}"]): value for name, value in fields.items()})


@pytest.mark.parametrize("value, found", [
    (BOTH + b"-1-" + PARENT, (TRACE, SPAN, SAMPLED, b"")),
    (BOTH + b"-0-" + PARENT, (TRACE, SPAN, 0, b"")),
    (BOTH + b"-1", (TRACE, SPAN, SAMPLED, b"")), (BOTH + b"-0", (TRACE, SPAN, 0, b"")),
    (BOTH + b"-d", (TRACE, SPAN, SAMPLED | DEBUG, b"")), (BOTH, (TRACE, SPAN, UNDECIDED, b"")),
    (SHORT + b"-" + SPAN + b"-1", (b"0" * 16 + SHORT, SPAN, SAMPLED, b"")),
    (b"0", (b"", b"", 0, b"")), (b"1", (b"", b"", SAMPLED, b"")),
    (b"d", (b"", b"", SAMPLED | DEBUG, b"")),
])  # fmt: skip
def test_one_field_is_read(value: bytes, found: object) -> None:
    assert single(value) == found


@pytest.mark.parametrize("value", [
    b"", b"-", b"2", b"01", b"true", b"00", TRACE, SPAN, BOTH + b"-", BOTH + b"--", BOTH + b"-2",
    BOTH + b"-true", BOTH + b"-D", BOTH + b"-" + PARENT, BOTH + b"-1-", BOTH + b"-1-" + PARENT[1:],
    BOTH + b"-1-" + b"0" * 16, BOTH + b"-1-" + PARENT + b"-", BOTH + b"-1-" + PARENT + b"0",
    BOTH.upper(), b" " + BOTH, BOTH + b" ", BOTH + b"," + BOTH, b"0, 1", b"g" * 32 + b"-" + SPAN,
    TRACE[1:] + b"-" + SPAN, TRACE + b"0-" + SPAN, TRACE + b"-" + SPAN[1:], TRACE + b"-0" + SPAN,
    b"0" * 32 + b"-" + SPAN, b"0" * 16 + b"-" + SPAN, TRACE + b"-" + b"0" * 16,
    TRACE.replace(b"f", b"\xb2") + b"-" + SPAN, b"0x" + BOTH[2:],
])  # fmt: skip
def test_one_field_is_not_read(value: bytes) -> None:
    assert single(value) is None


@given(st.one_of(st.binary(max_size=80), st.integers(0, 67).flatmap(
    lambda at: st.binary(min_size=1, max_size=1).map(
        lambda byte: (BOTH + b"-1-" + PARENT)[:at] + byte + (BOTH + b"-1-" + PARENT)[at + 1 :]
    )
), st.from_regex(rb"\A([0-9a-f]{16}){1,2}-[0-9a-f]{16}(-[01d](-[0-9a-f]{16})?)?\Z")))  # fmt: skip
def test_one_field_agrees_with_the_grammar(value: bytes) -> None:
    some = rb"(?!0+(?:-|\Z))"
    ids = some + rb"(?:[0-9a-f]{16}){1,2}-" + some + rb"[0-9a-f]{16}"
    grammar = rb"[01d]|" + ids + rb"(?:-[01d](?:-" + some + rb"[0-9a-f]{16})?)?"
    assert (single(value) is not None) == bool(re.fullmatch(grammar, value))


@pytest.mark.parametrize("fields, found", [
    ({"traceid": TRACE, "spanid": SPAN, "sampled": b"1"}, (TRACE, SPAN, SAMPLED, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "sampled": b"0"}, (TRACE, SPAN, 0, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "sampled": b"True"}, (TRACE, SPAN, SAMPLED, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "sampled": b"false"}, (TRACE, SPAN, 0, b"")),
    ({"traceid": TRACE, "spanid": SPAN}, (TRACE, SPAN, UNDECIDED, b"")),
    ({"traceid": SHORT, "spanid": SPAN}, (b"0" * 16 + SHORT, SPAN, UNDECIDED, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "flags": b"1"}, (TRACE, SPAN, SAMPLED | DEBUG, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "flags": b"0", "sampled": b"0"}, (TRACE, SPAN, 0, b"")),
    ({"traceid": TRACE, "spanid": SPAN, "parentspanid": PARENT}, (TRACE, SPAN, UNDECIDED, b"")),
    ({"sampled": b"0"}, (b"", b"", 0, b"")), ({"flags": b"1"}, (b"", b"", SAMPLED | DEBUG, b"")),
])  # fmt: skip
def test_several_fields_are_read(fields: dict[str, bytes], found: object) -> None:
    assert multi(**fields) == found


@pytest.mark.parametrize("fields", [
    {}, {"traceid": TRACE}, {"spanid": SPAN}, {"parentspanid": PARENT}, {"flags": b"2"},
    {"traceid": TRACE, "spanid": SPAN, "sampled": b"yes"}, {"sampled": b""}, {"sampled": b"1, 1"},
    {"traceid": TRACE, "spanid": SPAN, "parentspanid": b"x"},
    {"traceid": TRACE.upper(), "spanid": SPAN}, {"traceid": b"", "spanid": b""},
    {"traceid": b"0" * 32, "spanid": SPAN}, {"traceid": TRACE, "spanid": b"0" * 16},
    {"traceid": TRACE + b", " + TRACE, "spanid": SPAN}, {"traceid": TRACE, "sampled": b"1"},
])  # fmt: skip
def test_several_fields_are_not_read(fields: dict[str, bytes]) -> None:
    assert multi(**fields) is None


@pytest.mark.parametrize("flags, expected", [
    (0, 0), (SAMPLED, SAMPLED), (SAMPLED | 2, SAMPLED), (SAMPLED | DEBUG, SAMPLED | DEBUG), (2, 0),
])  # fmt: skip
def test_what_is_written_is_read(flags: int, expected: int) -> None:
    traced = Ids(trace_flags=flags)
    name, _, value = b3_line(traced).partition(b": ")
    assert (name, value[-2:]) == (b"b3", b"\r\n")
    assert single(value[:-2]) == (traced.trace_id, traced.try_id, expected, b"")
    special = {}
    for line in b3_lines(traced).removesuffix(b"\r\n").split(b"\r\n"):
        name, _, value = line.partition(b": ")
        special[int(B3_MULTI_KINDS[name.lower()])] = value
    assert find_b3_fields(special) == (traced.trace_id, traced.try_id, expected, b"")
    assert special[int(Kind.B3_PARENT_ID)] == traced.span_id
