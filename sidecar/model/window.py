"""When a rule holds: from one moment of the wall clock to another, once or again and again."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` up to, and without, ``end``; again each ``period`` after ``start``.

    Seconds since 1970. Nothing of it depends on what the clock showed before, so that a clock
    that is set right sets the window right. With a period both ends are finite.
    """

    start: float = -inf
    end: float = inf
    #: 0 for once.
    period: float = 0.0

    def is_open(self, wall: float) -> bool:
        """Whether the rule holds at this moment."""
        return self.start <= wall < self._nearest_end(wall)

    def next_edge(self, wall: float) -> float:
        """When it opens or closes next; ``inf`` if it stays as it is."""
        if wall < self.start:
            return self.start
        end = self._nearest_end(wall)
        if wall < end:
            return end
        return end - (self.end - self.start) + self.period if self.period else inf

    def _nearest_end(self, wall: float) -> float:
        """When the window that opened last closes, or has closed."""
        if not self.period or wall < self.start:
            return self.end
        return self.end + (wall - self.start) // self.period * self.period


#: The window of a rule that says nothing of one.
ALWAYS = Window()
