"""Traces from the documents that were written to files."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from sidecar.traces.documents import Collected, Document, span_of
from sidecar.traces.file_names import FileNames
from sidecar.traces.lines import files, lines
from sidecar.traces.trace import (
    FOUND_SPANS_AT_MOST,
    NAMED_AT_MOST,
    Operation,
    StoredSpan,
    Trace,
    Wanted,
    fits,
)

_DECODER: Final = msgspec.json.Decoder(Document)


class _Identified(msgspec.Struct):
    trace_id: str = ""


_ID_DECODER: Final = msgspec.json.Decoder(_Identified)


class FileStore:
    """Reads a folder anew for every question: its files grow, and the oldest go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = FileNames()

    def services(self) -> list[str]:
        """Whoever has told spans, sorted."""
        return sorted({service for service, _ in self._names.of(files(self._folder))})

    def operations(self, service: str) -> list[Operation]:
        """What the spans of a service are called, sorted."""
        return sorted(one for who, one in self._names.of(files(self._folder)) if who == service)

    def trace(self, trace_id: str) -> Trace | None:
        """One trace, as far as it is in the files."""
        collected = Collected(trace_id)
        for document in self._documents(_with(trace_id)):
            if document.trace_id.lower() == trace_id:
                collected.add(document)
        return collected.trace()

    def search(self, wanted: Wanted) -> list[Trace]:
        """The latest of the traces that are wanted; older files are not opened."""
        starts: dict[str, int] = {}
        for span in self._wanted_spans(wanted):
            starts[span.trace_id] = max(starts.get(span.trace_id, 0), span.start)
            if len(starts) > 4 * wanted.limit:
                starts = _latest(starts, wanted.limit)
        starts = _latest(starts, wanted.limit)
        if not starts:
            return []
        each = max(FOUND_SPANS_AT_MOST // len(starts), 1)
        found = {trace_id: Collected(trace_id, each) for trace_id in starts}
        for document in self._documents(_of_one_of(starts)):
            if collected := found.get(document.trace_id.lower()):
                collected.add(document)
        return [trace for one in found.values() if (trace := one.trace()) is not None]

    def named(self, beginning: str) -> list[str]:
        """The ids of traces that begin so, or have a span whose id does."""
        found: dict[str, None] = {}
        for document in self._documents(_with(beginning)):
            ids = (document.trace_id.lower(), document.span_id.lower())
            if document.is_span and any(one.startswith(beginning) for one in ids):
                found[ids[0]] = None
                if len(found) == NAMED_AT_MOST:
                    break
        return [*found]

    def _wanted_spans(self, wanted: Wanted) -> Iterator[StoredSpan]:
        # Most lines are of others, and have not even the name in them.
        is_plain = wanted.service.isascii() and wanted.service.replace("-", "").isalnum()
        may_be = _with(wanted.service if is_plain else "")
        for document in self._documents(may_be, wanted.start):
            if document.is_span:
                with suppress(ValueError, OverflowError):
                    span = span_of(document)
                    if fits(span, wanted):
                        yield span

    def _documents(self, may_be: Callable[[bytes], object], since: int = 0) -> Iterator[Document]:
        """The documents in lines that may be worth it; what is no document is passed over."""
        for path in files(self._folder, since):
            for _, line in lines(path):
                if may_be(line):
                    with suppress(msgspec.DecodeError, UnicodeDecodeError):
                        yield _DECODER.decode(line)


def _with(word: str) -> Callable[[bytes], bool]:
    """Tells lines that this word is in."""
    plain = word.encode()
    return lambda line: plain in line


def _of_one_of(ids: Container[str]) -> Callable[[bytes], bool]:
    """Tells documents of one of these traces."""

    def is_one(line: bytes) -> bool:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return _ID_DECODER.decode(line).trace_id.lower() in ids
        return False

    return is_one


def _latest(starts: dict[str, int], count: int) -> dict[str, int]:
    """The latest so many, the last one first."""
    return dict(sorted(starts.items(), key=lambda one: -one[1])[:count])
