"""Switches that operators throw by hand, and that fall back by themselves."""

from __future__ import annotations

from math import inf


class Switch:
    """A switch of the rule file; the same object for as long as its name is declared."""

    __slots__ = ("is_on", "name", "until")

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_on = False
        #: When it goes off by itself; monotonic seconds.
        self.until = inf

    def turn(self, *, on: bool, until: float = inf) -> None:
        """Throw it; on until ``until`` at the latest."""
        self.is_on = on
        self.until = until if on else inf

    def advance(self, now: float) -> bool:
        """Let it go off if its time is over; whether it did so now."""
        if not self.is_on or now < self.until:
            return False
        self.turn(on=False)
        return True
