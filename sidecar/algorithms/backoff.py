"""How long to wait before trying again: growing, bounded, and not all at the same moment.

Full jitter spreads those who failed together over the whole of the wait ("Exponential Backoff
And Jitter", Brooker, AWS 2015).
"""

from __future__ import annotations

from typing import NamedTuple

#: Doubled more often than this, any first wait is longer than any bound.
_DOUBLED_AT_MOST = 64


class Backoff(NamedTuple):
    """Waits that double from ``first`` up to ``at_most`` seconds."""

    first: float
    at_most: float
    #: Whether a wait is any part of that, instead of all of it.
    jittered: bool

    def longest(self, before: int) -> float:
        """The longest wait, in seconds, after ``before`` tries that were repeated already."""
        return min(self.first * 2.0 ** min(before, _DOUBLED_AT_MOST), self.at_most)

    def seconds(self, before: int, drawn: float) -> float:
        """The wait itself; ``drawn`` is a random number from 0 to 1."""
        longest = self.longest(before)
        return longest * drawn if self.jittered else longest
