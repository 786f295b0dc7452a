"""Spans and their events from documents in the ``otel`` layout.

Documents of others are read as well, as far as they have what a span needs: whatever else stands in
the same files or indices is passed over.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from sidecar.traces.trace import (
    EVENTS_AT_MOST,
    SPANS_AT_MOST,
    StoredEvent,
    StoredSpan,
    Trace,
    cut_note,
)

_MILLI: Final = 1_000_000
_FRACTION_DIGITS: Final = 6
_SPAN_ID_AT_MOST: Final = 64


class _Speaker(msgspec.Struct):
    attributes: dict[str, Any] = {}


class _Scope(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Status(msgspec.Struct):
    code: str = ""
    message: str = ""


class Document(msgspec.Struct):
    """As much of a document as is read: of a span, or of an event when it has no duration."""

    timestamp: str | int | float = msgspec.field(name="@timestamp", default=0)
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    name: str = ""
    kind: str = ""
    duration: int | float | None = None
    attributes: dict[str, Any] = {}
    status: _Status = msgspec.field(default_factory=_Status)
    resource: _Speaker = msgspec.field(default_factory=_Speaker)
    scope: _Scope = msgspec.field(default_factory=_Scope)
    trace_state: str = ""
    event_name: str = ""
    severity_text: str = ""

    @property
    def is_span(self) -> bool:
        """Whether it tells of a span."""
        return self.duration is not None and bool(self.trace_id and self.span_id)

    @property
    def is_event(self) -> bool:
        """Whether it tells of something within a span: a log record has a severity besides."""
        is_named = bool(self.event_name) and not self.severity_text
        return is_named and self.duration is None and bool(self.trace_id and self.span_id)


def document_of(source: object) -> Document | None:
    """A document as Elasticsearch has it; None for what is none of ours."""
    try:
        return msgspec.convert(source, Document)
    except (msgspec.ValidationError, ValueError):
        return None


def span_of(document: Document) -> StoredSpan:
    """The span that a document tells of. Raises ``ValueError`` for a time that is none."""
    start = nanoseconds(document.timestamp)
    return StoredSpan(
        trace_id=document.trace_id.lower(),
        span_id=document.span_id.lower()[:_SPAN_ID_AT_MOST],
        parent_id=document.parent_span_id.lower()[:_SPAN_ID_AT_MOST],
        name=document.name,
        kind=_plain(document.kind),
        start=start,
        end=start + max(int(document.duration or 0), 0),
        status=_plain(document.status.code).replace("unset", ""),
        status_message=document.status.message,
        attributes=flat(document.attributes),
        resource=flat(document.resource.attributes),
        scope=document.scope.name,
        scope_version=document.scope.version,
        trace_state=document.trace_state,
    )


def event_of(document: Document) -> StoredEvent:
    """The event that a document tells of. Raises ``ValueError`` for a time that is none."""
    attributes = flat(document.attributes)
    attributes.pop("event.name", None)
    return StoredEvent(nanoseconds(document.timestamp), document.event_name, attributes)


def nanoseconds(moment: str | float) -> int:
    """What stands under ``@timestamp``: milliseconds with a fraction, or RFC 3339.

    Raises ``ValueError``.
    """
    text = moment if isinstance(moment, str) else repr(moment)
    whole, _, fraction = text.partition(".")
    if whole.isascii() and whole.isdigit() and (not fraction or fraction.isdigit()):
        return int(whole) * _MILLI + int(fraction[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0"))
    return _of_text(text)


def _of_text(text: str) -> int:
    """RFC 3339, to the nanosecond: the standard library stops at microseconds."""
    seconds, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    zone = rest[digits:] if dot else ""
    moment = datetime.fromisoformat(seconds + zone)
    if moment.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone")
    return int(moment.timestamp()) * 1_000_000_000 + int(rest[:digits][:9].ljust(9, "0") or 0)


def flat(attributes: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Attributes by their dotted names, however they were nested."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{before}{name}."))
        else:
            found[before + name] = value
    return found


def _plain(word: str) -> str:
    """``Server`` and ``SPAN_KIND_SERVER`` as ``server``."""
    return word.lower().removeprefix("span_kind_").removeprefix("status_code_")


class Collected:
    """Documents of one trace on their way to a trace; never more than there may be."""

    def __init__(self, trace_id: str, spans_at_most: int = SPANS_AT_MOST) -> None:
        self._trace_id = trace_id
        self._at_most = spans_at_most
        # The earliest are kept: a heap with the latest on top.
        self._spans: list[tuple[int, int, StoredSpan]] = []
        self._events: dict[str, list[StoredEvent]] = {}
        self._event_count = 0
        self._seen: set[int] = set()
        #: Spans that there are, those that were left out among them.
        self.there_are = 0
        self.unread = 0

    def add(self, document: Document) -> None:
        """Take a document, whatever it tells of."""
        try:
            if document.is_span:
                self._add_span(span_of(document))
            elif document.is_event:
                self._add_event(document)
        except (ValueError, OverflowError):
            self.unread += 1

    def _add_span(self, span: StoredSpan) -> None:
        # A document may be there twice: shipped by hand, or in an index and its successor.
        mark = hash((span.span_id, span.start, span.end, span.name, span.service))
        if mark in self._seen:
            return
        self._seen.add(mark)
        self.there_are += 1
        entry = (-span.start, self.there_are, span)
        if len(self._spans) < self._at_most:
            heapq.heappush(self._spans, entry)
        else:
            heapq.heappushpop(self._spans, entry)

    def _add_event(self, document: Document) -> None:
        if self._event_count >= EVENTS_AT_MOST:
            return
        events = self._events.setdefault(document.span_id.lower(), [])
        event = event_of(document)
        if event not in events:
            events.append(event)
            self._event_count += 1

    def trace(self, there_are: int = 0) -> Trace | None:
        """The trace, spans by their start; None when there is no span.

        ``there_are``: spans that there are, where somebody else has counted them.
        """
        if not self._spans:
            return None
        spans = [span for _, _, span in sorted(self._spans, key=lambda entry: -entry[0])]
        return Trace(self._trace_id, [*self._with_events(spans)], tuple(self._notes(there_are)))

    def _with_events(self, spans: Iterable[StoredSpan]) -> Iterator[StoredSpan]:
        for span in spans:
            events = self._events.pop(span.span_id, None)
            if events is None:
                yield span
                continue
            events.sort(key=lambda one: one.at)
            yield msgspec.structs.replace(span, events=tuple(events))

    def _notes(self, there_are: int) -> Iterator[str]:
        counted = max(there_are, self.there_are)
        if counted > len(self._spans):
            yield cut_note(len(self._spans), counted)
        if self._event_count >= EVENTS_AT_MOST:
            yield f"only {EVENTS_AT_MOST} events of it are shown"
        if self.unread:
            yield f"{self.unread} of its documents could not be read"
