"""The trace a request belongs to, as Zipkin's B3 writes it down: in one field or in several.

https://github.com/openzipkin/b3-propagation. Trace ids of 64 bits are read as the lower half of one
of 128; what is written has 128 always.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.wire.forwarding import Traced
from sidecar.wire.names import Kind
from sidecar.wire.trace_context import DEBUG, SAMPLED, UNDECIDED, Found

_B3 = int(Kind.B3)
_TRACE_ID = int(Kind.B3_TRACE_ID)
_SPAN_ID = int(Kind.B3_SPAN_ID)
_PARENT_ID = int(Kind.B3_PARENT_ID)
_SAMPLED = int(Kind.B3_SAMPLED)
_FLAGS = int(Kind.B3_FLAGS)

#: The fields of each form.
B3_KINDS: Final = {b"b3": Kind.B3}
B3_MULTI_KINDS: Final = {
    b"x-b3-traceid": Kind.B3_TRACE_ID,
    b"x-b3-spanid": Kind.B3_SPAN_ID,
    b"x-b3-parentspanid": Kind.B3_PARENT_ID,
    b"x-b3-sampled": Kind.B3_SAMPLED,
    b"x-b3-flags": Kind.B3_FLAGS,
}

_LOWER_HEX = b"0123456789abcdef"
_STATES: Final = {b"0": 0, b"1": SAMPLED, b"d": SAMPLED | DEBUG}
#: Older libraries write words.
_SAMPLED_WORDS: Final = {b"0": 0, b"1": SAMPLED, b"false": 0, b"true": SAMPLED}
_LONGEST: Final = 32 + 1 + 16 + 1 + 1 + 1 + 16


def find_b3(special: Mapping[int, bytes]) -> Found | None:
    """What ``b3`` says: ``TRACE-SPAN[-STATE[-PARENT]]``, or a state alone.

    None when it says nothing that can be read. A state alone comes without ids: it is about the
    trace that begins here.
    """
    value = special.get(_B3)
    if value is None or len(value) > _LONGEST:
        return None
    if value in _STATES:
        return b"", b"", _STATES[value], b""
    parts = value.split(b"-")
    if not 2 <= len(parts) <= 4 or (len(parts) == 4 and not _is_span(parts[3])):
        return None
    flags = _STATES.get(parts[2]) if len(parts) > 2 else UNDECIDED
    return None if flags is None else _found(parts[0], parts[1], flags)


def find_b3_fields(special: Mapping[int, bytes]) -> Found | None:
    """The same from ``X-B3-TraceId``, ``X-B3-SpanId``, ``X-B3-Sampled`` and ``X-B3-Flags``."""
    trace_id, span_id = special.get(_TRACE_ID), special.get(_SPAN_ID)
    parent = special.get(_PARENT_ID)
    flags = _flags_of(special)
    if flags is None or (parent is not None and not _is_span(parent)):
        return None
    if trace_id is None and span_id is None:
        return None if flags == UNDECIDED else (b"", b"", flags, b"")
    return _found(trace_id or b"", span_id or b"", flags)


def b3_line(traced: Traced) -> bytes:
    """``b3`` with its CRLF."""
    return b"b3: %b-%b-%b-%b\r\n" % (
        traced.trace_id, traced.try_id, _state(traced.trace_flags), traced.span_id,
    )  # fmt: skip


def b3_lines(traced: Traced) -> bytes:
    """The several fields, each with its CRLF."""
    state = _state(traced.trace_flags)
    said = b"X-B3-Flags: 1" if state == b"d" else b"X-B3-Sampled: " + state
    return b"X-B3-TraceId: %b\r\nX-B3-SpanId: %b\r\nX-B3-ParentSpanId: %b\r\n%b\r\n" % (
        traced.trace_id, traced.try_id, traced.span_id, said,
    )  # fmt: skip


def _flags_of(special: Mapping[int, bytes]) -> int | None:
    if special.get(_FLAGS) == b"1":
        return SAMPLED | DEBUG
    said = special.get(_SAMPLED)
    return UNDECIDED if said is None else _SAMPLED_WORDS.get(said.lower())


def _state(flags: int) -> bytes:
    if flags & DEBUG:
        return b"d"
    return b"1" if flags & SAMPLED else b"0"


def _found(trace_id: bytes, span_id: bytes, flags: int) -> Found | None:
    if len(trace_id) not in (16, 32) or not _is_hex(trace_id) or not _is_span(span_id):
        return None
    return trace_id.rjust(32, b"0"), span_id, flags, b""


def _is_span(value: bytes) -> bool:
    return len(value) == 16 and _is_hex(value)


def _is_hex(value: bytes) -> bool:
    """Whether it is lower-case hexadecimal, and not all zeros."""
    return not value.translate(None, _LOWER_HEX) and value.strip(b"0") != b""
