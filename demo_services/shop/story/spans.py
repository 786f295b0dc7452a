"""The spans that sidecars have written, by trace, and what is wrong with a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from sidecar.traces.documents import Document, event_of, span_of
from sidecar.traces.lines import files, lines
from sidecar.traces.trace import StoredSpan

_DECODER: Final = msgspec.json.Decoder(Document)
_RESEND: Final = "http.request.resend_count"
#: What stands above a span of each kind, and whether both are of the same service.
_ABOVE: Final = {
    "server": ({"client"}, False),
    "internal": ({"client"}, True),
    "client": ({"server", "internal"}, True),
}


def spans_below(folder: Path) -> dict[str, list[StoredSpan]]:
    """All spans in the files below a folder, with their events; none while there is no folder."""
    found: dict[str, list[StoredSpan]] = {}
    if not folder.is_dir():
        return found
    documents = [_read(line) for path in files(folder) for _, line in lines(path)]
    told: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        if document.is_event:
            told.setdefault((document.trace_id, document.span_id), []).append(document)
    for document in documents:
        if document.is_span:
            events = told.get((document.trace_id, document.span_id), ())
            span = msgspec.structs.replace(
                span_of(document), events=tuple(event_of(event) for event in events)
            )
            found.setdefault(span.trace_id, []).append(span)
    return found


def _read(line: bytes) -> Document:
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        return Document()  # the last one may not be whole yet


def faults(spans: Sequence[StoredSpan]) -> list[str]:
    """What is wrong with a trace, in words; nothing when each span stands where it should."""
    by_id = {span.span_id: span for span in spans}
    wrong = [] if len(by_id) == len(spans) else ["two spans have the same id"]
    roots = [span for span in spans if not span.parent_id]
    if len(roots) != 1:
        wrong.append(f"{len(roots)} spans have no parent")
    wrong.extend(
        f"{span.service} {span.kind} {span.name}: {fault}"
        for span in spans
        if span.parent_id and (fault := _fault(span, by_id.get(span.parent_id)))
    )
    return wrong


def _fault(span: StoredSpan, above: StoredSpan | None) -> str:
    if above is None:
        return "its parent is not there"
    kinds, same_service = _ABOVE.get(span.kind, (set(), False))
    if above.kind not in kinds or (above.service == span.service) is not same_service:
        return f"its parent is {above.service} {above.kind} {above.name}"
    return ""


def servers(spans: Sequence[StoredSpan]) -> set[str]:
    """The services that have answered."""
    return {span.service for span in spans if span.kind == "server"}


def resends(spans: Sequence[StoredSpan]) -> list[int]:
    """The numbers of those tries that were not the first of their call."""
    return sorted(int(span.attributes[_RESEND]) for span in spans if _RESEND in span.attributes)


def events_of(spans: Sequence[StoredSpan]) -> set[str]:
    """What has happened within them, by name."""
    return {event.name for span in spans for event in span.events}


def orphans(spans: Sequence[StoredSpan]) -> int:
    """How many of them have a parent that is not there."""
    ids = {span.span_id for span in spans}
    return sum(bool(span.parent_id) and span.parent_id not in ids for span in spans)


def entrance_statuses(traces: dict[str, list[StoredSpan]], service: str) -> dict[int, int]:
    """How many whole or broken traces begin with an answer of that status of that service."""
    counts: dict[int, int] = {}
    for spans in traces.values():
        for span in spans:
            if span.kind == "server" and span.service == service:
                status = int(span.attributes.get("http.response.status_code", 0))
                counts[status] = counts.get(status, 0) + 1
    return counts
