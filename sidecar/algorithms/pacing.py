"""Even spacing: each key has a turn every so often, and callers wait for theirs.

This is the leaky bucket as a queue. A key's number is the earliest moment of its next turn; who
comes later than that goes at once, who comes sooner is given the next turn, and those after it
theirs. A turn that is given back before its time goes to the next who comes; one that passed is
gone, as if nobody had come.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from math import inf, ulp
from typing import final

from sidecar.algorithms.meter import Meter, Standing
from sidecar.state.table import Table

#: How much too early a turn may be taken, in seconds: the grain of event loops' timers. Turns
#: stay where they are, so it never adds up.
EARLY = 1e-3


class _Waiting:
    """What is known of a key while somebody waits for a turn of it."""

    __slots__ = ("count", "free", "last_taken")

    def __init__(self, last_taken: float) -> None:
        self.count = 0
        #: Turns given back, as a heap.
        self.free: list[float] = []
        #: The last turn that was used.
        self.last_taken = last_taken


class _Turns:
    """The numbers of a pace, shared by the meters that follow one another."""

    __slots__ = ("table", "waiting")

    def __init__(self, capacity: int) -> None:
        self.table = Table(capacity)
        self.waiting: dict[bytes, _Waiting] = {}


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
        return sum(one.count for one in self._turns.waiting.values())

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """How long until the next turn that nobody has; 0 when it may be taken at once."""
        if cost > 1:
            return inf
        turn = self._next_turn(key, now)
        return turn - now if turn > now else 0.0

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """Whether there is a turn at once."""
        return self.seconds_until(key, now, cost) <= 0

    def take(self, key: bytes, now: float, cost: int = 1) -> None:  # noqa: ARG002 - always one
        """Take the next turn without waiting for it."""
        turn = self._claim(key, now)
        waiting = self._turns.waiting.get(key)
        if waiting is not None:
            waiting.last_taken = max(waiting.last_taken, turn)

    def left(self, key: bytes, now: float) -> float:
        """1 when there is a turn at once; below nothing by those who wait."""
        return 1.0 - self._spent(key, now)

    def reserve(self, key: bytes, now: float) -> float:
        """Give out the next turn: the moment of it. It is used or given back exactly once."""
        turns = self._turns
        waiting = turns.waiting.get(key)
        if waiting is None:
            before = turns.table.get(key, -inf) - self.interval
            waiting = turns.waiting[key] = _Waiting(before)
        waiting.count += 1
        return self._claim(key, now)

    def use(self, key: bytes, turn: float) -> None:
        """The turn was reserved, and is taken now."""
        waiting = self._turns.waiting[key]
        waiting.last_taken = max(waiting.last_taken, turn)
        self._one_less(key, waiting)

    def give_back(self, key: bytes, turn: float) -> None:
        """The turn was reserved, and will not be taken."""
        waiting = self._turns.waiting[key]
        heappush(waiting.free, turn)
        self._one_less(key, waiting)

    def standing(self, key: bytes, now: float) -> Standing | None:
        """How much of the next turn is still to come; more than 1 with those who wait."""
        spent = self._spent(key, now)
        return Standing(spent) if spent > 0 else None

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Let the next turn be so far away, at most one interval."""
        self._turns.table.put(key, at + min(standing.spent, 1.0) * self.interval, at)

    def knows(self, key: bytes) -> bool:
        """Whether anything is written under this key."""
        return self._turns.table.get(key, -inf) > -inf

    def keys(self) -> Iterable[bytes]:
        """Those that something is written under."""
        return self._turns.table.keys()

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

    def _next_turn(self, key: bytes, now: float) -> float:
        waiting = self._turns.waiting.get(key)
        if waiting is not None:
            coming = [turn for turn in waiting.free if turn >= now]
            if coming:
                return min(coming)
        return self._turns.table.get(key, now)

    def _claim(self, key: bytes, now: float) -> float:
        """Take the next turn out of those to come."""
        turns = self._turns
        waiting = turns.waiting.get(key)
        if waiting is not None:
            while waiting.free:
                turn = heappop(waiting.free)
                if turn >= now:
                    return turn
        # A shade before the dot is on the dot: sums of a caller's own clock are rounded.
        due = turns.table.get(key, -inf)
        turn = due if due > now - 2 * ulp(now) else now
        turns.table.put(key, turn + self.interval, now)
        return turn

    def _one_less(self, key: bytes, waiting: _Waiting) -> None:
        turns = self._turns
        waiting.count -= 1
        due = turns.table.get(key, -inf)
        # Turns at the end of the row that were given back are as if they had never been given.
        while waiting.free and max(waiting.free) >= due - self.interval * 1.001:
            last = max(waiting.free)
            waiting.free.remove(last)
            due = last
        if not waiting.count:
            due = min(due, waiting.last_taken + self.interval)
            del turns.waiting[key]
        turns.table.put(key, due, due)

    def _spent(self, key: bytes, now: float) -> float:
        away = self._turns.table.get(key, now) - now
        return max(0.0, away / self.interval)
