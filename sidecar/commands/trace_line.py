"""A trace as one line of a list."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text

from sidecar.commands.span_row import one_line
from sidecar.commands.wording import millis
from sidecar.traces.remarks import kept_for
from sidecar.traces.trace import Trace, as_text

_STATUS_STYLES: Final = {"2": "green", "3": "cyan", "4": "yellow", "5": "bold red"}
#: Below so many columns the id is cut to what is enough to find it by.
_NARROW: Final = 120
_SHORT_ID: Final = 12
_NAME_AT_LEAST: Final = 16


class Listed(msgspec.Struct, frozen=True):
    """What a list says of a trace, by the span that began first."""

    id: str
    start: datetime
    seconds: float
    service: str
    name: str
    #: Empty when none was answered.
    status: str
    failed: bool
    kept: tuple[str, ...]
    spans: int
    services: int


def room(console: Console, elsewhere: int) -> int:
    """How wide lines may be; ``elsewhere`` where the output is no terminal and COLUMNS silent."""
    return console.width if console.is_terminal or "COLUMNS" in os.environ else elsewhere


def listed(trace: Trace) -> Listed:
    """A trace in short."""
    first = min(trace.spans, key=lambda span: (span.start, -span.end))
    return Listed(
        id=trace.trace_id,
        start=datetime.fromtimestamp(first.start / 1e9, UTC),
        seconds=(max(span.end for span in trace.spans) - first.start) / 1e9,
        service=first.service,
        name=first.name,
        status=as_text(first.attributes.get("http.response.status_code", "")),
        failed=any(span.status == "error" for span in trace.spans),
        kept=tuple(kept_for(trace)),
        spans=len(trace.spans),
        services=len({span.service for span in trace.spans}),
    )


def trace_line(one: Listed, width: int) -> Text:
    """One line, no wider than ``width`` where that is 80 or more."""
    local = one.start.astimezone()
    shown = one.id if width >= _NARROW else one.id[:_SHORT_ID]
    before = Text.assemble(
        (f"{local:%m-%d %H:%M:%S}.{local.microsecond // 1000:03} ", "dim"),
        (f"{one.status or '–':>3} ", _STATUS_STYLES.get(one.status[:1], "dim")),
        (f"{millis(one.seconds):>6} ", "dim"),
    )
    size = f"{one.spans} in {one.services}" if one.services > 1 else f"{one.spans}"
    kept = Text(f" {size:>7} {', '.join(one.kept)[:10]:10} ", "yellow" if one.failed else "dim")
    name = Text.assemble((one_line(one.service), "bold"), f" {one_line(one.name)}")
    room = width - len(before) - len(kept) - len(shown)
    name.truncate(max(room, _NAME_AT_LEAST), overflow="ellipsis", pad=True)
    return Text.assemble(before, name, kept, (shown, "dim"))
