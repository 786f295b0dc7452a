"""What every algorithm of a rate limit can be asked, and how a changed one goes on.

A meter keeps numbers by key and knows one limit. Of two that keep the same numbers, the later
goes on with those of the earlier. Where the algorithm or the window has changed, what was spent is
carried over key by key, when a key is first seen again: a reload costs the same however many keys
there are, and **what was spent stays spent**, as far as it fits the new limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, final

#: So many changes of algorithm are remembered behind one another; then all keys are moved at once.
_LONGEST_LINE = 8


class Standing(NamedTuple):
    """What one meter tells another about a key."""

    #: What counts against the limit at that moment; never below nothing.
    spent: float
    #: What may be taken at that moment; below nothing when something is owed.
    left: float
    #: From 0, cold, to 1: how far a limit that warms up has climbed. Others are always warm.
    warmth: float = 1.0


class Meter(Protocol):
    """One limit, for any number of keys. Seconds are monotonic; asking leaves no trace."""

    @property
    def most(self) -> float:
        """What may be taken at once at most; a request that costs more never passes."""
        ...

    @property
    def memory_seconds(self) -> float:
        """After so long, a key of which nothing was taken is like one never seen."""
        ...

    @property
    def tracked(self) -> int:
        """How many keys are remembered."""
        ...

    @property
    def evictions(self) -> int:
        """How many keys were forgotten for want of room while they mattered."""
        ...

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """Whether ``cost`` may be taken now."""
        ...

    def take(self, key: bytes, now: float, cost: int = 1) -> None:
        """Take what was admitted."""
        ...

    def left(self, key: bytes, now: float) -> float:
        """What may be taken now; below nothing when something is owed."""
        ...

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """How long until ``cost`` may be taken if nobody takes any; infinity if never."""
        ...

    def standing(self, key: bytes, now: float) -> Standing | None:
        """How the key stands; None if it is like one never seen."""
        ...

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Let the key stand like that from the moment ``at`` on, whatever was known of it."""
        ...

    def knows(self, key: bytes) -> bool:
        """Whether anything is written under this key."""
        ...

    def keys(self) -> Iterable[bytes]:
        """Those that something is written under, the longest unwritten first."""
        ...

    def blank(self) -> Meter:
        """The same limit with nothing known, and room for one key."""
        ...

    def shares(self, predecessor: Meter) -> bool:
        """Whether it can go on with the predecessor's numbers as they are."""
        ...

    def adopt(self, predecessor: Any, now: float) -> None:
        """Go on with the numbers of a predecessor that it ``shares``."""
        ...


def succeed(meter: Meter, predecessor: Meter, now: float) -> Meter:
    """``meter``, which is new, so that it goes on with what ``predecessor`` knows at ``now``."""
    if isinstance(predecessor, Changed) and predecessor.is_over(now):
        predecessor = predecessor.meter
    if isinstance(predecessor, Changed) and predecessor.line >= _LONGEST_LINE:
        predecessor.move_all()
        predecessor = predecessor.meter
    if isinstance(predecessor, Changed):
        # What was moved is in the numbers that they share, what was not is still to be asked for.
        if meter.shares(predecessor.meter):
            meter.adopt(predecessor.meter, now)
        return Changed(meter, predecessor, now, predecessor.line + 1)
    if meter.shares(predecessor):
        meter.adopt(predecessor, now)
        return meter
    return Changed(meter, predecessor, now, 1)


def carried(meter: Meter, key: bytes, at: float) -> Standing | None:
    """How the key stands with ``meter`` for one that follows it at that moment."""
    return meter.carried(key, at) if isinstance(meter, Changed) else meter.standing(key, at)


@final
class Changed:
    """A meter whose keys begin as they stood with another one at the moment of the change."""

    __slots__ = ("_blank", "at", "before", "line", "meter")

    def __init__(self, meter: Meter, before: Meter, at: float, line: int) -> None:
        self.meter = meter
        self.before = before
        self.at = at
        #: How many changes lie behind this one that still matter.
        self.line = line
        self._blank = meter.blank()

    @property
    def most(self) -> float:
        """As the new meter has it."""
        return self.meter.most

    @property
    def memory_seconds(self) -> float:
        """As long as either."""
        return max(self.meter.memory_seconds, self.before.memory_seconds)

    @property
    def tracked(self) -> int:
        """How many keys the new meter remembers by now."""
        return self.meter.tracked

    @property
    def evictions(self) -> int:
        """Of both."""
        return self.meter.evictions + self.before.evictions

    def is_over(self, now: float) -> bool:
        """Whether nothing of before can matter any more, not to what may follow either."""
        return now - self.at > self.memory_seconds

    def carried(self, key: bytes, at: float) -> Standing | None:
        """How the key stands for a successor: a small limit in between hides nothing."""
        standing = self.standing(key, at)
        older = carried(self.before, key, at)
        if standing is None or older is None:
            return standing or older
        return standing._replace(spent=max(standing.spent, older.spent))

    def move(self, key: bytes, now: float) -> None:
        """Write down what was known of the key before, unless that was done."""
        before = self._standing_before(key, now)
        if before is not None:
            self.meter.load(key, before, self.at)

    def move_all(self) -> None:
        """Write down what was known of every key."""
        for key in [*self.before.keys()]:
            self.move(key, self.at)

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """As the new meter, with what was known before."""
        return self._view(key, now).admits(key, now, cost)

    def take(self, key: bytes, now: float, cost: int = 1) -> None:
        """As the new meter, with what was known before."""
        self.move(key, now)
        self.meter.take(key, now, cost)

    def left(self, key: bytes, now: float) -> float:
        """As the new meter, with what was known before."""
        return self._view(key, now).left(key, now)

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """As the new meter, with what was known before."""
        return self._view(key, now).seconds_until(key, now, cost)

    def standing(self, key: bytes, now: float) -> Standing | None:
        """As the new meter, with what was known before."""
        return self._view(key, now).standing(key, now)

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Into the new meter."""
        self.meter.load(key, standing, at)

    def knows(self, key: bytes) -> bool:
        """Whether either does."""
        return self.meter.knows(key) or self.before.knows(key)

    def keys(self) -> Iterable[bytes]:
        """Those of both."""
        return {**dict.fromkeys(self.before.keys()), **dict.fromkeys(self.meter.keys())}

    def blank(self) -> Meter:
        """Of the new meter."""
        return self.meter.blank()

    def shares(self, predecessor: Meter) -> bool:  # noqa: ARG002 - the contract of meters
        """It is never the new one itself."""
        return False

    def adopt(self, predecessor: Meter, now: float) -> None:
        """Never: see ``shares``."""
        raise NotImplementedError

    def _standing_before(self, key: bytes, now: float) -> Standing | None:
        if self.meter.knows(key) or now - self.at > self.meter.memory_seconds:
            return None
        return carried(self.before, key, self.at)

    def _view(self, key: bytes, now: float) -> Meter:
        """A meter that knows how ``key`` stands; asking leaves no trace in the real one."""
        before = self._standing_before(key, now)
        if before is None:
            return self.meter
        self._blank.load(key, before, self.at)
        return self._blank
