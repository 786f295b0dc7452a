"""How a panel moves under a fault, against the quiet time before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from dashboards.viewer.frames import Field
from dashboards.viewer.view import Answered
from tests.integration.dashboards.seen import QUIET, STILL_QUIET, Seen

#: Words that all stand in the legend of a series; without any, it is about all series.
Of = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grows:
    """Its largest value is larger than in the quiet time, by so much; or there was none then."""

    times: float = 1.3
    of: Of = ()

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        now = _values(fault, self.of)
        return bool(now) and max(now) > _largest(quiet, self.of) * self.times

    def is_steady(self, quiet: Answered) -> bool:
        """Whether it shows something only in a fault: other lines go up and down by themselves."""
        return _largest(quiet, self.of) == 0


@dataclass(frozen=True, slots=True)
class Reaches:
    """It is as large as the fault makes it, or larger.

    For what may be as large in a quiet time, when others use the machine.
    """

    least: float
    of: Of = ()

    def is_seen(self, _quiet: Answered, fault: Answered) -> bool:
        return _largest(fault, self.of) >= self.least

    def is_steady(self, _quiet: Answered) -> bool:
        """Nobody knows what others do."""
        return False


@dataclass(frozen=True, slots=True)
class Falls:
    """Its least value is smaller than in the quiet time, and below a bound that holds there."""

    below: float = math.inf
    of: Of = ()

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return min(_values(fault, self.of)) < min(self.below, *_values(quiet, self.of))

    def is_steady(self, _quiet: Answered) -> bool:
        """Whether it stays above the bound but in a fault."""
        return math.isfinite(self.below)


@dataclass(frozen=True, slots=True)
class Spreads:
    """In a distribution more than in the quiet time is above the bound of a bucket."""

    above: str
    times: float = 1.3

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        before, now = (max(_shares_above(one, self.above), default=0.0) for one in (quiet, fault))
        return now > before * self.times

    def is_steady(self, _quiet: Answered) -> bool:
        """Nobody knows what others do on the machine."""
        return False


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
class Loses:
    """It names no more what it named in the quiet time."""

    word: str

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return self.word in _words(quiet) and self.word not in _words(fault)

    def is_steady(self, _quiet: Answered) -> bool:
        """Whether it is named but in a fault."""
        return True


@dataclass(frozen=True, slots=True)
class Differs:
    """A table with the same rows and other numbers."""

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return bool(_values(fault)) and _values(quiet) != _values(fault)

    def is_steady(self, _quiet: Answered) -> bool:
        """Numbers always differ a little."""
        return False


@dataclass(frozen=True, slots=True)
class Renews:
    """In a row of a table, known by one of its words, a column says something else."""

    column: str
    row: str

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        before, now = (_cells(one, self.column, self.row) for one in (quiet, fault))
        return bool(before) and bool(now) and before != now

    def is_steady(self, _quiet: Answered) -> bool:
        """Whether it says the same until the fault."""
        return True


@dataclass(frozen=True, slots=True)
class Each:
    """All of these."""

    moves: Sequence[Move]

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return all(move.is_seen(quiet, fault) for move in self.moves)

    def is_steady(self, quiet: Answered) -> bool:
        """Whether one of them is."""
        return any(move.is_steady(quiet) for move in self.moves)


Move = Grows | Reaches | Falls | Spreads | Tells | Loses | Differs | Renews | Each

#: By dashboard and title of the panel: in which phase of a stage it moves, and how.
Moves = Mapping[str, Mapping[str, tuple[str, Move]]]


def moving(moves: Moves) -> list[Any]:
    """Each of them as the parameters ``name, title, phase, move`` of a test."""
    return [
        pytest.param(name, title, phase, move, id=f"{name}: {title}")
        for name, panels in moves.items()
        for title, (phase, move) in panels.items()
    ]


def assert_tells(seen: Seen, name: str, title: str, phase: str, move: Move) -> None:
    """The panel moves in that phase, for its reason alone, and is about whom one has chosen.

    What is steady in a quiet time does not move in a second one; of somebody who is not there it
    says nothing, and no zero that nobody has counted.
    """
    quiet, again, then = (seen.answered(name, title, one) for one in (QUIET, STILL_QUIET, phase))
    assert not then.unasked
    assert move.is_seen(quiet, then), f"{quiet.frames}\n\n{then.frames}"
    if move.is_steady(quiet):
        assert not move.is_seen(quiet, again), f"{quiet.frames}\n\n{again.frames}"
    nobody = seen.of_nobody(name, title, phase)
    assert not _values(nobody), nobody.frames
    assert not _words(nobody), nobody.frames


def _values(answered: Answered, of: Of = ()) -> list[float]:
    return [
        float(value)
        for frame in answered.frames
        for one in frame.numbers
        if all(word in one.shown for word in of)
        for value in one.values
        if value is not None and math.isfinite(value)
    ]


def _largest(answered: Answered, of: Of) -> float:
    return max([*_values(answered, of), 0.0])


def _shares_above(answered: Answered, bound: str) -> list[float]:
    """Of what is in all buckets together, at each time."""
    below, every = (
        dict(zip(frame.times, one.values, strict=True))
        for wanted in (bound, "+Inf")
        for frame in answered.frames
        for one in frame.numbers
        if one.labels.get("le") == wanted
    )
    return [1 - below[at] / count for at, count in every.items() if at in below and count]


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


def _cells(answered: Answered, column: str, row: str) -> set[str]:
    """What stands in the column, in the rows that have that word."""
    return {
        str(value)
        for frame in answered.frames
        for one in frame.fields
        if one.name == column
        for place, value in enumerate(one.values)
        if row in _row(frame.fields, place)
    }


def _row(fields: Sequence[Field], place: int) -> list[object]:
    return [one.values[place] for one in fields]
