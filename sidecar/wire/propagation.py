"""In which formats the trace of a request is read and passed on.

The usual one, W3C's alone, is written by ``forwarding.request_head`` in one go; any other choice is
put together here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sidecar.model.http import RequestHead
from sidecar.wire.b3 import (
    B3_KINDS,
    B3_MULTI_KINDS,
    b3_line,
    b3_lines,
    find_b3,
    find_b3_fields,
)
from sidecar.wire.forwarding import (
    HeadWriter,
    Traced,
    request_head,
    request_head_with,
    trace_context_lines,
)
from sidecar.wire.names import REQUEST_KINDS, Kind
from sidecar.wire.trace_context import Found, find_traceparent

#: Reads what a request says of its trace, from its special fields.
Finder = Callable[[Mapping[int, bytes]], Found | None]

_ASK: Final = b"x-sidecar-trace: tell\r\n"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write down which trace a request belongs to."""

    kinds: Mapping[bytes, Kind]
    find: Finder
    write: Callable[[Traced], bytes]


_TRACECONTEXT: Final = Format(
    {b"traceparent": Kind.TRACEPARENT, b"tracestate": Kind.TRACESTATE},
    find_traceparent,
    trace_context_lines,
)
#: By the word of the rule file. Baggage says nothing of the trace.
FORMATS: Final[Mapping[str, Format]] = {
    "tracecontext": _TRACECONTEXT,
    "b3": Format(B3_KINDS, find_b3, b3_line),
    "b3multi": Format(B3_MULTI_KINDS, find_b3_fields, b3_lines),
}
_USUAL: Final = (_TRACECONTEXT,)


def formats(words: Sequence[str]) -> tuple[Format, ...]:
    """The formats that are named, in order."""
    return tuple(FORMATS[word] for word in words if word in FORMATS)


def request_kinds(chosen: Sequence[Format]) -> dict[bytes, Kind]:
    """How field names are read; what belongs to a format that is not chosen is left alone."""
    kinds = {name: kind for name, kind in REQUEST_KINDS.items() if name not in _TRACECONTEXT.kinds}
    for one in chosen:
        kinds |= one.kinds
    return kinds


def finder(chosen: Sequence[Format]) -> Finder:
    """Reads the first of these formats in which there is something that can be read."""
    if len(chosen) == 1:
        return chosen[0].find
    finders = tuple(one.find for one in chosen)

    def find(special: Mapping[int, bytes]) -> Found | None:
        for one in finders:
            found = one(special)
            if found is not None:
                return found
        return None

    return find


def head_writer(chosen: Sequence[Format], *, asks: bool = True) -> HeadWriter:
    """Writes all of these formats; ``asks`` has the upstream say whether it keeps the trace."""
    if asks and tuple(chosen) == _USUAL:
        return request_head
    writers = tuple(one.write for one in chosen)
    question = _ASK if asks else b""

    def write_head(request: RequestHead, stamp: bytes, traced: Traced) -> bytes:
        lines = b"".join([write(traced) for write in writers])
        return request_head_with(request, stamp, traced, lines + question)

    return write_head
