"""Answers as Grafana holds them: frames of fields, one value of each to a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: The name of the field with times, in seconds since 1970, and of the one with numbers.
TIME: Final = "Time"
VALUE: Final = "Value"


@dataclass(frozen=True, slots=True)
class Field:
    """A column."""

    name: str
    values: list[Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    #: What the legend calls it, where the question says so.
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A series, or a table."""

    #: The letter of the question that it answers.
    ref: str
    fields: list[Field]

    @property
    def length(self) -> int:
        """How many rows there are."""
        return len(self.fields[0].values) if self.fields else 0

    def named(self, name: str) -> Field | None:
        """The field of that name."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def times(self) -> list[float]:
        """The times of a series; empty for a table without any."""
        found = self.named(TIME)
        return found.values if found is not None else []

    @property
    def numbers(self) -> list[Field]:
        """The fields that hold numbers."""
        return [one for one in self.fields if one.name != TIME and _is_numeric(one)]


def _is_numeric(one: Field) -> bool:
    there = [value for value in one.values if value is not None]
    return bool(there) and all(isinstance(value, int | float) for value in there)
