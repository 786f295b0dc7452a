"""How loaded this host and this process are, in short windows of time.

Whoever measures tells it what it sees and closes a window every so often; queues tell it how
long requests waited in them.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sidecar.model.load import Window

#: Windows that are remembered: who has not looked for longer has missed nothing that matters.
REMEMBERED: Final = 240
#: Before anything was measured.
UNKNOWN: Final = Window(None, 0.0)


class Load:
    """The load of late. Written and read by the loop's thread only."""

    __slots__ = ("_lag", "_lags", "_waited", "_waits", "_windows", "closed", "last")

    def __init__(self) -> None:
        #: How many windows were ever closed.
        self.closed = 0
        #: The window that was closed last.
        self.last = UNKNOWN
        self._windows: deque[Window] = deque(maxlen=REMEMBERED)
        self._waited = 0.0
        self._waits = 0
        self._lag = 0.0
        self._lags = 0

    def waited(self, seconds: float) -> None:
        """A request has passed a queue, or left it, after so long; 0 for at once."""
        self._waited += seconds
        self._waits += 1

    def lagged(self, seconds: float) -> None:
        """The loop did what was due so much later."""
        self._lag += seconds
        self._lags += 1

    def close_window(self, cpu: float | None) -> None:
        """A window is over, in which the share ``cpu`` of the CPU time was used."""
        delay = self._waited / max(self._waits, 1) + self._lag / max(self._lags, 1)
        self._waited = self._lag = 0.0
        self._waits = self._lags = 0
        self.last = Window(cpu, delay)
        self._windows.append(self.last)
        self.closed += 1

    def since(self, closed: int) -> list[Window]:
        """The windows that were closed since there were ``closed`` of them, as far as known."""
        missed = min(self.closed - closed, len(self._windows))
        return list(self._windows)[-missed:] if missed > 0 else []
