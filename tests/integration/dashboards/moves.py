"""How a panel moves under a fault, against the quiet time before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.viewer.view import Answered


@dataclass(frozen=True, slots=True)
class Grows:
    """Its largest value is larger than in the quiet time, by so much; or there was none then."""

    times: float = 1.3

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        now = _values(fault)
        return bool(now) and max(now) > _largest(quiet) * self.times

    def is_steady(self, quiet: Answered) -> bool:
        """Whether it shows something only in a fault: other lines go up and down by themselves."""
        return _largest(quiet) == 0


@dataclass(frozen=True, slots=True)
class Falls:
    """Its least value is smaller than in the quiet time, and below a bound that holds there."""

    below: float = math.inf

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return min(_values(fault)) < min(self.below, *_values(quiet))

    def is_steady(self, _quiet: Answered) -> bool:
        """Whether it stays above the bound but in a fault."""
        return math.isfinite(self.below)


@dataclass(frozen=True, slots=True)
class Tells:
    """It names something that it did not name in the quiet time."""

    word: str

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return self.word in _words(fault) and self.word not in _words(quiet)

    def is_steady(self, _quiet: Answered) -> bool:
        """Whether it is named only in a fault."""
        return True


@dataclass(frozen=True, slots=True)
class Differs:
    """A table with the same rows and other numbers."""

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return bool(_values(fault)) and _values(quiet) != _values(fault)

    def is_steady(self, _quiet: Answered) -> bool:
        """Numbers always differ a little."""
        return False


Move = Grows | Falls | Tells | Differs

#: By dashboard and title of the panel: in which phase of a stage it moves, and how.
Moves = Mapping[str, Mapping[str, tuple[str, Move]]]


def _values(answered: Answered) -> list[float]:
    return [
        float(value)
        for frame in answered.frames
        for one in frame.numbers
        for value in one.values
        if value is not None and math.isfinite(value)
    ]


def _largest(answered: Answered) -> float:
    return max([*_values(answered), 0.0])


def _words(answered: Answered) -> set[str]:
    labels = {
        word
        for frame in answered.frames
        for one in frame.fields
        if any(one.values)
        for word in one.labels.values()
    }
    cells = {
        value
        for frame in answered.frames
        for one in frame.fields
        for value in one.values
        if isinstance(value, str)
    }
    return labels | cells
