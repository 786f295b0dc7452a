"""Moments of the wall clock, and how often they come again."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.reading import shown, unreadable

_WRITTEN: Final = "write date, time and zone, such as 2026-11-11T00:00:00+08:00, or Z for UTC"
_DAY_SECONDS: Final = 86400.0


def parse_moment(value: object) -> datetime:
    """A moment by RFC 3339, its zone included. Raises ``bad-moment``."""
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise unreadable("bad-moment", f"{shown(value)} is not a moment", _WRITTEN)
    if moment.tzinfo is None:
        raise unreadable("bad-moment", f"{shown(value)} does not say in which zone", _WRITTEN)
    return moment


#: A moment of the wall clock. It stands for the same instant everywhere.
Moment = Annotated[
    datetime,
    PlainValidator(parse_moment),
    WithJsonSchema({
        "type": "string", "format": "date-time", "examples": ["2026-11-11T00:00:00+08:00"],
        "description": "Date and time with their zone (RFC 3339).",
    }),
]  # fmt: skip


class Every(Enum):
    """How often a window opens."""

    DAY = "day"
    WEEK = "week"

    @property
    def seconds(self) -> float:
        """From one opening to the next."""
        return _DAY_SECONDS if self is Every.DAY else 7 * _DAY_SECONDS
