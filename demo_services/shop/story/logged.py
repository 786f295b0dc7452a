"""What a sidecar has written down."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec


class Line(msgspec.Struct, frozen=True):
    """One line of the log."""

    #: Seconds since 1970.
    at: float
    text: str
    facts: dict[str, Any]

    @property
    def body(self) -> str:
        """The sentence for people; empty where there is none."""
        return str(self.facts.get("body", ""))


def events(log: Path, name: str) -> list[Line]:
    """All lines of one kind, the oldest first; none while there is no log."""
    return _lines(log, f'"event_name":"{name}"')


def decision(log: Path, number: str) -> Line | None:
    """The line about one decision, by the id that its client was told."""
    return next(iter(_lines(log, f'"span_id":"{number}"')), None)


def _lines(log: Path, words: str) -> list[Line]:
    if not log.exists():
        return []
    with log.open(encoding="utf-8") as lines:
        # The last one may not be whole yet.
        return [_read(line) for line in lines if words in line and line.endswith("\n")]


def _read(line: str) -> Line:
    facts = msgspec.json.decode(line, type=dict[str, Any])
    return Line(datetime.fromisoformat(facts["time"]).timestamp(), line.strip(), facts)
