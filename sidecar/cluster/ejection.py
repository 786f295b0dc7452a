"""When an endpoint is left alone for a while, because requests to it fail one after another.

The time grows with each ejection that follows another one closely. An endpoint comes back on
probation: its next failure ejects it again, its next success makes it as good as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

#: An endpoint stays away for at most so many times ``seconds``.
LONGEST_TIMES: Final = 10


@dataclass(frozen=True, slots=True)
class EjectSettings:
    """After how many failures, for how long at first, and how many endpoints at most."""

    after: int = 5
    seconds: float = 30.0
    #: The share of a cluster's endpoints that may be out, 0.0 to 1.0.
    at_most: float = 0.5

    def may_be_out(self, endpoints: int) -> int:
        """How many of so many endpoints may be out."""
        return int(self.at_most * endpoints + 1e-9)


class Ejection:
    """What is known of one endpoint's failures."""

    __slots__ = ("failures", "in_a_row", "returned", "seconds", "total", "until")

    def __init__(self) -> None:
        #: Failures without a success in between.
        self.failures = 0
        #: Ejections that followed one another closely, and all of them.
        self.in_a_row = 0
        self.total = 0
        #: When the present ejection ends; minus infinity when there is none.
        self.until = -inf
        #: How long the last one was, and when it ended.
        self.seconds = 0.0
        self.returned = -inf

    @property
    def is_out(self) -> bool:
        """Whether the endpoint is ejected, as far as anybody has looked."""
        return self.until > -inf

    def begin(self, settings: EjectSettings, now: float) -> float:
        """Eject it; for how many seconds."""
        if now - self.returned >= self.seconds:
            self.in_a_row = 0
        self.in_a_row += 1
        self.total += 1
        self.seconds = settings.seconds * min(self.in_a_row, LONGEST_TIMES)
        self.until = now + self.seconds
        return self.seconds

    def end(self, failures: int, now: float) -> None:
        """It is back; ``failures`` are held against it."""
        self.until = -inf
        self.returned = now
        self.failures = failures
