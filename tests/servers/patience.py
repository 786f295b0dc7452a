"""Waiting for what will come, without a word on how fast."""

from __future__ import annotations

import time

#: What a machine may need that others use too. A test that promises how fast something is says a
#: time of its own, and has the machine for itself.
PATIENCE_SECONDS = 90.0

_FIRST_SECONDS = 0.01
_MOST_SECONDS = 0.25
#: Looking takes time from what is looked at, so the longer it takes the more seldom.
_SHARE = 0.1


class Waiting:
    """One wait, from now on, for ``what``."""

    def __init__(self, what: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        self._what = what
        self._within_seconds = within_seconds
        self._began = time.monotonic()

    def pause_seconds(self) -> float:
        """How long to pause before the next look; ``TimeoutError`` once the time is over."""
        waited = time.monotonic() - self._began
        if waited > self._within_seconds:
            raise TimeoutError(f"after {self._within_seconds:g} s still not: {self._what}")
        return min(max(_FIRST_SECONDS, waited * _SHARE), _MOST_SECONDS)
