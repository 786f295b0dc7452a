"""How many of the calls of the last so many seconds were hits: a ring of ten buckets.

The window moves on by a tenth at a time, so it covers between nine and ten tenths of its length.
Its size is the same whatever the traffic.
"""

from __future__ import annotations

from math import isfinite
from typing import Final, NamedTuple

_BUCKETS: Final = 10


class Counts(NamedTuple):
    """What was counted: of ``calls``, so many were ``hits``."""

    hits: int
    calls: int

    @property
    def ratio(self) -> float:
        """The share of hits; nothing of nothing is none."""
        return self.hits / self.calls if self.calls else 0.0


class WindowCounts:
    """Calls and hits of the last ``seconds``, on the clock that is handed in."""

    __slots__ = ("_calls", "_edge", "_hits", "_newest", "_place", "_width", "calls", "hits")

    def __init__(self, seconds: float) -> None:
        """Count nothing yet; raises ``ValueError`` unless 0 < seconds."""
        if not (seconds > 0 and isfinite(seconds)):
            message = f"no window is {seconds} seconds long"
            raise ValueError(message)
        self._width = seconds / _BUCKETS
        self._hits = [0] * _BUCKETS
        self._calls = [0] * _BUCKETS
        #: The number of the newest bucket, counted from the start of the clock.
        self._newest = 0
        #: Its place in the ring, and the time at which it is over.
        self._place = 0
        self._edge = self._width
        #: Sums of the ring as of the last ``add``.
        self.hits = 0
        self.calls = 0

    @property
    def seconds(self) -> float:
        """The length of the window."""
        return self._width * _BUCKETS

    def add(self, now: float, *, hit: bool) -> None:
        """Count one call. One that comes with a time before the last one counts with that."""
        if now >= self._edge:
            self._move_to(max(int(now / self._width), self._newest))
        place = self._place
        self._calls[place] += 1
        self.calls += 1
        if hit:
            self._hits[place] += 1
            self.hits += 1

    def read(self, now: float) -> Counts:
        """What the window holds at ``now``. Leaves no trace."""
        past = min(max(int(now / self._width) - self._newest, 0), _BUCKETS)
        gone = [(self._newest + 1 + step) % _BUCKETS for step in range(past)]
        return Counts(
            self.hits - sum(self._hits[place] for place in gone),
            self.calls - sum(self._calls[place] for place in gone),
        )

    def clear(self) -> None:
        """Forget everything."""
        self._hits = [0] * _BUCKETS
        self._calls = [0] * _BUCKETS
        self.hits = self.calls = 0

    def adopt(self, predecessor: WindowCounts, now: float) -> None:
        """Go on with what another window, of whatever length, has counted.

        A longer window is not fuller for that: what the shorter one forgot stays forgotten.
        """
        self.clear()
        self._begin(int(now / self._width))
        for number in range(predecessor._newest - _BUCKETS + 1, predecessor._newest + 1):
            place = number % _BUCKETS
            middle = int((number + 0.5) * predecessor._width / self._width)
            at = min(middle, self._newest)
            if at > self._newest - _BUCKETS:
                self._hits[at % _BUCKETS] += predecessor._hits[place]
                self._calls[at % _BUCKETS] += predecessor._calls[place]
        self.hits, self.calls = sum(self._hits), sum(self._calls)

    def _move_to(self, number: int) -> None:
        if number - self._newest >= _BUCKETS:
            self.clear()
        else:
            for passed in range(self._newest + 1, number + 1):
                place = passed % _BUCKETS
                self.hits -= self._hits[place]
                self.calls -= self._calls[place]
                self._hits[place] = self._calls[place] = 0
        self._begin(number)

    def _begin(self, number: int) -> None:
        self._newest = number
        self._place = number % _BUCKETS
        self._edge = (number + 1) * self._width
