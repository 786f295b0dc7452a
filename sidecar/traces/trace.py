"""Traces as they are read back, and what a place that keeps them can be asked.

Times are nanoseconds since 1970, ids lower-case hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

#: A larger trace is cut: it has to be held, sent and drawn.
SPANS_AT_MOST: Final = 10_000
#: Events of one trace.
EVENTS_AT_MOST: Final = 5_000
#: Spans of all the traces that one search answers with.
FOUND_SPANS_AT_MOST: Final = 10_000
#: Questions that a place is asked at a time: each may bring a large trace.
AT_A_TIME: Final = 4
#: Digits of an id that tell it from others.
ID_AT_LEAST: Final = 6
TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16
UNKNOWN_SERVICE: Final = "unknown"


class Unanswered(Exception):  # noqa: N818 - reads as what it says
    """The place where traces are kept does not answer; says in a sentence what is wrong."""

    def __init__(self, sentence: str, *, in_time: bool = True) -> None:
        """``in_time``: it did answer, or could not be reached at all; it did not let us wait."""
        super().__init__(sentence)
        self.in_time = in_time


class StoredEvent(msgspec.Struct, frozen=True):
    """Something that happened within a span."""

    at: int
    name: str
    attributes: Mapping[str, Any]


class StoredSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One span with the one who speaks."""

    trace_id: str
    span_id: str
    #: Empty at a trace's root.
    parent_id: str = ""
    name: str
    #: ``server``, ``client``, ``internal``, ``producer``, ``consumer``; empty when not told.
    kind: str = ""
    start: int
    end: int
    #: ``ok``, ``error``, or empty.
    status: str = ""
    status_message: str = ""
    attributes: Mapping[str, Any] = {}
    resource: Mapping[str, Any] = {}
    scope: str = ""
    scope_version: str = ""
    trace_state: str = ""
    events: tuple[StoredEvent, ...] = ()

    @property
    def service(self) -> str:
        """Who speaks."""
        return str(self.resource.get("service.name", "")) or UNKNOWN_SERVICE

    @property
    def duration(self) -> int:
        """Nanoseconds from its start to its end."""
        return self.end - self.start


class Trace(msgspec.Struct, frozen=True):
    """What is there of one trace, in no particular order."""

    trace_id: str
    spans: Sequence[StoredSpan]
    #: What was left out in reading it, in sentences.
    notes: tuple[str, ...] = ()


class Operation(msgspec.Struct, frozen=True, order=True):
    """What spans of a service are called."""

    name: str
    kind: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces are searched for: those with one span that is all of this."""

    #: Of any service when empty, and so on.
    service: str = ""
    operation: str = ""
    tags: Mapping[str, str] = {}
    #: Nanoseconds since 1970 between which the span begins.
    start: int
    end: int
    #: Nanoseconds that it takes; 0 for any.
    shortest: int = 0
    longest: int = 0
    #: The most traces to answer with: the latest.
    limit: int = 20


class Store(Protocol):
    """A place that keeps traces. Everything blocks, and raises ``Unanswered``."""

    def services(self) -> list[str]:
        """Whoever has told spans, sorted."""
        ...

    def operations(self, service: str) -> list[Operation]:
        """What the spans of a service are called, sorted."""
        ...

    def search(self, wanted: Wanted) -> list[Trace]:
        """Traces, the latest first; of large ones the beginning only, which a note says."""
        ...

    def trace(self, trace_id: str) -> Trace | None:
        """One whole trace, as far as it is kept, by its 32 digits; None when nothing is."""
        ...

    def named(self, beginning: str) -> list[str]:
        """The ids of traces that begin so, or have a span whose id does; a few at most."""
        ...


#: So many of those that an id may mean are told.
NAMED_AT_MOST: Final = 6


def cut_note(kept: int, there_are: int) -> str:
    """That a trace was too large to be shown whole."""
    return f"the trace has {there_are} spans: the first {kept} of them are shown"


def fits_tag(span: StoredSpan, name: str, value: str) -> bool:
    """Whether a span, or the one who speaks, has an attribute of that value, as text.

    ``error``, ``span.kind`` and ``otel.status_code`` are understood as Jaeger has them.
    """
    if name == "error":
        return value == ("true" if span.status == "error" else "false")
    if name == "span.kind":
        return value == span.kind
    if name == "otel.status_code":
        return value.lower() == span.status
    found = span.attributes.get(name, span.resource.get(name))
    return found is not None and as_text(found) == value


def fits(span: StoredSpan, wanted: Wanted) -> bool:
    """Whether a span is all of what is searched for."""
    return (
        wanted.start <= span.start <= wanted.end
        and wanted.service in {"", span.service}
        and wanted.operation in {"", span.name}
        and span.duration >= wanted.shortest
        and (not wanted.longest or span.duration <= wanted.longest)
        and all(fits_tag(span, name, value) for name, value in wanted.tags.items())
    )


def as_text(value: object) -> str:
    """A value of an attribute, for people and for comparing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value))
    return str(value)
