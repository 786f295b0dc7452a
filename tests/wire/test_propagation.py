"""Several formats at a time: which is read, and that all are written."""

from __future__ import annotations

from itertools import permutations

import pytest

from sidecar.model.http import RequestHead
from sidecar.wire.forwarding import request_head
from sidecar.wire.names import REQUEST_KINDS, Kind
from sidecar.wire.propagation import finder, formats, head_writer, request_kinds
from sidecar.wire.trace_context import DEBUG, SAMPLED
from tests.wire.traced import Ids

W3C = {int(Kind.TRACEPARENT): b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
       int(Kind.TRACESTATE): b"x=y"}  # fmt: skip
B3 = {int(Kind.B3): b"c" * 32 + b"-" + b"d" * 16 + b"-0"}
MULTI = {int(Kind.B3_TRACE_ID): b"e" * 32, int(Kind.B3_SPAN_ID): b"f" * 16}
SAID = {"tracecontext": W3C, "b3": B3, "b3multi": MULTI}
FIRST = {"tracecontext": b"a" * 32, "b3": b"c" * 32, "b3multi": b"e" * 32}


@pytest.mark.parametrize("words", [
    order for length in (1, 2, 3) for order in permutations(SAID, length)
])  # fmt: skip
def test_the_first_that_can_be_read_counts(words: tuple[str, ...]) -> None:
    find = finder(formats(["baggage", *words]))
    everything = W3C | B3 | MULTI
    found = find(everything)
    assert found is not None
    assert found[0] == FIRST[words[0]]
    assert found[3] == (b"x=y" if words[0] == "tracecontext" else b"")
    broken = dict.fromkeys(SAID[words[0]], b"?")
    later = find(everything | broken)
    assert (None if later is None else later[0]) == (FIRST[words[1]] if words[1:] else None)
    assert find({}) is None


def lines(words: list[str], *, asks: bool = True, flags: int = SAMPLED) -> list[bytes]:
    head = RequestHead("GET", b"/", 1)
    head.path = b"/"
    traced = Ids(trace_flags=flags, trace_state=b"x=y")
    head.special = {int(Kind.TRACESTATE): b"ignored"}
    data = head_writer(formats(words), asks=asks)(head, b"Via: 1.1 a\r\n", traced)
    assert data.endswith(b"\r\n\r\n")
    assert b"ignored" not in data
    return data.split(b"\r\n")[4:-2]


PARENT = b"traceparent: 00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"
STATE = b"tracestate: x=y"
ONE = b"b3: " + b"1" * 32 + b"-" + b"2" * 16 + b"-1-" + b"3" * 16
SEVERAL = [b"X-B3-TraceId: " + b"1" * 32, b"X-B3-SpanId: " + b"2" * 16,
           b"X-B3-ParentSpanId: " + b"3" * 16, b"X-B3-Sampled: 1"]  # fmt: skip
ASK = b"x-sidecar-trace: tell"


def test_all_are_written() -> None:
    assert lines(["tracecontext", "b3", "b3multi"]) == [PARENT, STATE, ONE, *SEVERAL, ASK]
    assert lines(["b3multi", "tracecontext"]) == [*SEVERAL, PARENT, STATE, ASK]
    assert lines(["b3"], asks=False) == [ONE]
    assert lines(["tracecontext"], asks=False) == [PARENT, STATE]


def test_what_only_b3_knows_is_not_said_in_traceparent() -> None:
    said = lines(["tracecontext", "b3"], flags=SAMPLED | DEBUG)
    assert said[0] == PARENT
    assert said[2].endswith(b"-d-" + b"3" * 16)


def test_the_usual_choice_is_written_in_one_go() -> None:
    assert head_writer(formats(["tracecontext", "baggage"])) is request_head
    assert lines(["tracecontext"])[-2:] == [PARENT, ASK]


def test_what_is_not_propagated_is_left_alone() -> None:
    assert request_kinds(formats(["tracecontext", "baggage"])) == REQUEST_KINDS
    assert not {b"traceparent", b"tracestate"} & request_kinds(formats(["b3"])).keys()
    assert {b"b3", b"x-b3-traceid"} <= request_kinds(formats(["b3", "b3multi"])).keys()
