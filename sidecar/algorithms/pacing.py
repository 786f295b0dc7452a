"""Even spacing: each key has a turn every so often, and callers wait for theirs.

This is the leaky bucket as a queue. A key's number is the earliest moment of its next turn; who
comes later than that goes at once, who comes sooner is given the next turn, and those after it
theirs. A turn that is given back before its time goes to the next who comes; one that passed is
gone, as if nobody had come.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from math import inf
from typing import final

from sidecar.algorithms.meter import Meter, Standing
from sidecar.state.table import Table

#: How much too early a turn may be taken, in seconds: the grain of event loops' timers. Turns
#: stay where they are, so it never adds up.
EARLY = 1e-3
#: By how much of an interval sums of intervals may differ.
_ROUNDING = 1.001


class _Line:
    """What is known of a key while somebody waits for a turn of it."""

    __slots__ = ("count", "due", "free", "used")

    def __init__(self, due: float, used: float) -> None:
        self.count = 0
        #: The earliest turn that was never given out.
        self.due = due
        #: Turns given back, ascending.
        self.free: list[float] = []
        #: The last turn that was used.
        self.used = used


class _Turns:
    """The numbers of a pace, shared by the meters that follow one another."""

    __slots__ = ("lines", "table")

    def __init__(self, capacity: int) -> None:
        #: The earliest moment of the next turn, of keys that nobody waits for.
        self.table = Table(capacity)
        self.lines: dict[bytes, _Line] = {}

    def due(self, key: bytes) -> float:
        """The earliest turn that was never given out; long ago when nothing is known."""
        line = self.lines.get(key)
        return self.table.get(key, -inf) if line is None else line.due

    def next(self, key: bytes, now: float) -> float:
        """The next turn that nobody has; at or before ``now`` when it is at once."""
        line = self.lines.get(key)
        if line is not None:
            at = bisect_left(line.free, now)
            if at < len(line.free):
                return line.free[at]
        return self.due(key)

    def claim(self, key: bytes, now: float, interval: float) -> float:
        """Take that turn out of those to come."""
        line = self.lines.get(key)
        if line is None:
            turn = max(now, self.table.get(key, -inf))
            self.table.put(key, turn + interval, now)
            return turn
        del line.free[: bisect_left(line.free, now)]
        if line.free:
            return line.free.pop(0)
        turn = max(now, line.due)
        line.due = turn + interval
        return turn


@final
class Pacing:
    """A turn for each key every ``interval`` seconds."""

    __slots__ = ("_turns", "interval", "most")

    def __init__(self, rate: float, capacity: int) -> None:
        """``rate`` is turns a second. Raises ``ValueError`` unless 0 < rate, 1 <= capacity."""
        if not 0 < rate < inf:
            message = f"there is no pace of {rate} a second"
            raise ValueError(message)
        self.interval = 1.0 / rate
        self.most = 1.0
        self._turns = _Turns(capacity)

    @property
    def memory_seconds(self) -> float:
        """One turn; those who wait longer are remembered by themselves."""
        return self.interval

    @property
    def tracked(self) -> int:
        """How many keys are remembered."""
        return len(self._turns.table)

    @property
    def evictions(self) -> int:
        """How many keys were forgotten, for want of room, before their next turn."""
        return self._turns.table.evictions

    @property
    def waiting(self) -> int:
        """How many wait for their turn, of all keys."""
        return sum(line.count for line in self._turns.lines.values())

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """How long until the next turn that nobody has; 0 when it may be taken at once."""
        if cost > 1:
            return inf
        away = self._turns.next(key, now) - now
        return away if away > EARLY else 0.0

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """Whether there is a turn at once."""
        return self.seconds_until(key, now, cost) <= 0

    def take(self, key: bytes, now: float, cost: int = 1) -> None:  # noqa: ARG002 - always one
        """Take the next turn without waiting for it."""
        turn = self._turns.claim(key, now, self.interval)
        line = self._turns.lines.get(key)
        if line is not None:
            line.used = max(line.used, turn)

    def left(self, key: bytes, now: float) -> float:
        """1 when there is a turn at once; below nothing by those who wait."""
        return 1.0 - self._spent(key, now)

    def reserve(self, key: bytes, now: float) -> float:
        """Give out the next turn: the moment of it. It is used or given back exactly once."""
        turns = self._turns
        line = turns.lines.get(key)
        if line is None:
            due = turns.due(key)
            line = turns.lines[key] = _Line(due, due - self.interval)
        line.count += 1
        return turns.claim(key, now, self.interval)

    def use(self, key: bytes, turn: float) -> None:
        """The turn was reserved, and is taken now."""
        line = self._turns.lines[key]
        line.used = max(line.used, turn)
        self._one_less(key, line)

    def give_back(self, key: bytes, turn: float) -> None:
        """The turn was reserved, and will not be taken."""
        line = self._turns.lines[key]
        insort(line.free, turn)
        # The end of the line given back is as if it had never been given out.
        while line.free and line.free[-1] >= line.due - self.interval * _ROUNDING:
            line.due = line.free.pop()
        self._one_less(key, line)

    def standing(self, key: bytes, now: float) -> Standing | None:
        """How much of the next turn is still to come; more than 1 with those who wait."""
        spent = self._spent(key, now)
        return Standing(spent, 1.0 - spent) if spent > 0 else None

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Let the next turn be so far away, at most one interval."""
        self._turns.table.put(key, at + min(standing.spent, 1.0) * self.interval, at)

    def knows(self, key: bytes) -> bool:
        """Whether anything is known of this key."""
        return self._turns.due(key) > -inf

    def keys(self) -> Iterable[bytes]:
        """Those that something is known of."""
        return {**dict.fromkeys(self._turns.table.keys()), **dict.fromkeys(self._turns.lines)}

    def blank(self) -> Pacing:
        """The same pace with every turn free, and room for one key."""
        return Pacing(1.0 / self.interval, 1)

    def shares(self, predecessor: Meter) -> bool:
        """Whether that is a pace, however fast."""
        return isinstance(predecessor, Pacing)

    def adopt(self, predecessor: Pacing, now: float) -> None:  # noqa: ARG002 - others need the time
        """Go on behind those who wait; turns given out stay where they are."""
        capacity = self._turns.table.capacity
        self._turns = predecessor._turns
        self._turns.table.resize(capacity)

    def _one_less(self, key: bytes, line: _Line) -> None:
        line.count -= 1
        if not line.count:
            # What was given out and not used is free again, wherever it stood in the line.
            due = min(line.due, line.used + self.interval)
            del self._turns.lines[key]
            self._turns.table.put(key, due)

    def _spent(self, key: bytes, now: float) -> float:
        return max(0.0, (self._turns.due(key) - now) / self.interval)
