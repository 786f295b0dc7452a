"""Statuses that are expected: ``200``, ``200-299``."""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.reading import shown, unreadable

_WRITTEN: Final = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_CLASS: Final = re.compile(r"([2-5])[xX]{2}")
_EXPECTED: Final = "write a status such as 200, or a range such as 200-299"


class Statuses(NamedTuple):
    """All statuses from ``first`` to ``last``."""

    first: int
    last: int


def parse_statuses(value: object) -> Statuses:
    """``200-299`` or ``200``; those that end an exchange. Raises ``bad-status``."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    match = _WRITTEN.fullmatch(text)
    if match is not None:
        first, last = int(match[1]), int(match[2] or match[1])
        if 200 <= first <= last:
            return Statuses(first, last)
    any_of = _CLASS.fullmatch(text)
    meant = f"{any_of[1]}00-{any_of[1]}99" if any_of else None
    raise unreadable("bad-status", f"{shown(value)} is no status of an answer", _EXPECTED, meant)


StatusRange = Annotated[
    Statuses,
    PlainValidator(parse_statuses),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 200, "maximum": 599},
                {"type": "string", "pattern": "^[2-5][0-9]{2}(-[2-5][0-9]{2})?$"},
            ],
            "examples": [200, "200-299"],
        }
    ),
]
