"""Documents as a table: a row each, a column for each field that any of them has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from dashboards.viewer.frames import TIME, Field, Frame


def document_frames(ref: str, hits: list[Mapping[str, Any]], time_field: str) -> Frame:
    """What was found, newest first as it came; nested fields by their dotted names."""
    rows = [dict(_leaves("", hit["_source"])) for hit in hits]
    names = sorted({name for row in rows for name in row} - {time_field})
    times = [_seconds(row.get(time_field)) for row in rows]
    columns = [Field(name, [row.get(name) for row in rows]) for name in names]
    return Frame(ref, [Field(TIME, times), *columns])


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _leaves(f"{path}.{name}" if path else name, value)
    else:
        yield path, node


def _seconds(value: Any) -> float | None:
    """Documents say when in milliseconds, with a fraction or without, or as a date."""
    if value is None:
        return None
    try:
        return float(value) / 1000
    except ValueError:
        return datetime.fromisoformat(str(value)).timestamp()
