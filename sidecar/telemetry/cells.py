"""The plain numbers that the data path counts in.

No locks and no look-ups by label: the event loop is the only thread that writes them, and they
are read when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from sidecar.telemetry.catalogue import OTHER


class Exemplar(NamedTuple):
    """One observation that stands for its bucket, with the trace that shows it."""

    value: float
    trace_id: str
    #: Wall clock, in seconds since 1970.
    at: float
    span_id: str = ""


class HistogramCell:
    """The observations of one series: how many fell into each bucket, and their sum."""

    __slots__ = ("bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        #: Upper bounds, inclusive and ascending; what is above the last one has a bucket too.
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        #: The latest exemplar of each bucket that has one.
        self.exemplars: dict[int, Exemplar] = {}

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self.counts)

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def exemplify(self, value: float, trace_id: str, at: float, span_id: str = "") -> None:
        """Let an observation, counted already, stand for its bucket.

        One whose bucket is empty was measured in another way, and stands for nothing.
        """
        bucket = bisect_left(self.bounds, value)
        if self.counts[bucket]:
            self.exemplars[bucket] = Exemplar(value, trace_id, at, span_id)


class Tally:
    """Counts by reason, from a closed set; calling it counts.

    A word outside the set counts as ``_OTHER``: a bug may not grow the label set, nor stop
    traffic.
    """

    __slots__ = ("counts",)

    def __init__(self, reasons: Iterable[str]) -> None:
        # All are there from the start: a rate needs the zero before the first one.
        self.counts = {**dict.fromkeys(reasons, 0), OTHER: 0}

    def __call__(self, reason: str, count: int = 1) -> None:
        """Count ``count`` more for this reason."""
        counts = self.counts
        counts[reason if reason in counts else OTHER] += count


class Aim(NamedTuple):
    """What an objective in force asks for."""

    #: The share of good requests, 0 to 1.
    target: float
    #: Over how long it is to hold.
    over_seconds: float
    #: Whether a request that was shed is a bad one; else it is none of the objective's.
    not_shed: bool


class ObjectiveCell:
    """How many requests an objective (`slo`) has counted, by how they ended."""

    __slots__ = ("bad", "good", "shed")

    def __init__(self) -> None:
        self.good = 0
        self.bad = 0
        self.shed = 0


class DecisionCell:
    """What one rule decided in one mode."""

    __slots__ = ("admitted", "applied", "parked", "refused")

    def __init__(self) -> None:
        self.admitted = 0
        self.refused = 0
        self.parked = 0
        self.applied = 0
