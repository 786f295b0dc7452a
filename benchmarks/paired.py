"""Medians with their interquartile range, of single figures and of ratios within a round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the range that the middle half of the values lies in."""

    median: float
    low: float
    high: float
    count: int

    def show(self, digits: int = 2) -> str:
        """``median (low to high)``."""
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of the values; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    if len(ordered) == 1:
        return Spread(ordered[0], ordered[0], ordered[0], 1)
    low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Spread(median, low, high, len(ordered))


def difference(above: Mapping[int, float], below: Mapping[int, float]) -> Spread | None:
    """The spread of what the first has more, in the rounds that have both."""
    return spread(above[number] - below[number] for number in above if number in below)


def ratio(above: Mapping[int, float], below: Mapping[int, float]) -> Spread | None:
    """The spread of the ratios of the rounds that have both values.

    Pairing them takes out what the machine did to both alike, such as another clock speed or
    a busy neighbour; a ratio of two medians would keep it.
    """
    return spread(above[number] / below[number] for number in above if below.get(number))
