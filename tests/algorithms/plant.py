"""A service on virtual time: it does so much in a window, keeps what is left, and measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

WINDOW_SECONDS = 0.25
#: Windows' worth of work that wait at most; what comes besides is lost.
_PATIENCE = 4


@dataclass
class Plant:
    """Serves ``capacity`` requests a second."""

    capacity: float
    waiting: float = 0.0
    cpu: float = 0.0
    #: Seconds that a request waits.
    delay: float = 0.0
    #: Requests served in the last window, as a share of what could have been.
    good: float = 0.0

    def window(self, admitted: int) -> None:
        """Serve for a window in which so many were let in."""
        can = self.capacity * WINDOW_SECONDS
        work = self.waiting + admitted
        done = min(work, can)
        self.waiting = min(work - done, can * _PATIENCE)
        self.good = done / can
        self.cpu += 0.5 * (self.good - self.cpu)
        self.delay = self.waiting / self.capacity


@dataclass
class Crowd:
    """Requests of four priorities, lowest first, of which so many come in a window."""

    mix: tuple[float, float, float, float]
    random: Random = field(default_factory=lambda: Random(1))

    def window(self, per_second: float) -> list[int]:
        """The priorities of those who come in a window."""
        count = round(per_second * WINDOW_SECONDS)
        return self.random.choices((0, 1, 2, 3), self.mix, k=count)
