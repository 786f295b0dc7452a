"""How long a backend is left alone after it has failed: longer each time, never in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 0.1
MOST_SECONDS: Final = 30.0
#: Whoever asks to be left alone for longer is asked again all the same.
MOST_ASKED_SECONDS: Final = 300.0


class BackOff:
    """``chance`` gives numbers from 0 to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._seconds = FIRST_SECONDS

    def failed(self, retry_after: float) -> float:
        """How many seconds to wait now; at least as long as the backend asks for."""
        wait = self._seconds * (0.5 + self._chance() / 2)
        self._seconds = min(2 * self._seconds, MOST_SECONDS)
        return max(wait, min(retry_after, MOST_ASKED_SECONDS))

    def worked(self) -> None:
        """Begin anew."""
        self._seconds = FIRST_SECONDS
