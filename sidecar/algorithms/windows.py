"""Fixed, sliding and moving windows: so many in each length of time.

The decisions are those of the strategies of the library ``limits``; what they count is kept in
storages of ours (``sidecar.state.window_storage``), on our clock and bounded.

- *fixed*: a window begins with a key's first request. Up to twice the limit may pass within one
  length of time, around the end of a window.
- *sliding*: the count of the window before counts by the share of it that is still in view. Two
  numbers a key; at most some per cent beside the exact log.
- *moving*: an exact log of moments. Never more than the limit in any length of time.

All moments are whole microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf
from typing import Final, final

from limits import RateLimitItemPerSecond
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from sidecar.algorithms.meter import Meter, Standing
from sidecar.state.window_storage import (
    FixedWindows,
    MomentLogs,
    SlidingWindows,
    microseconds,
)

FIXED: Final = "fixed_window"
SLIDING: Final = "sliding_window"
MOVING: Final = "moving_window"


_Storage = FixedWindows | SlidingWindows | MomentLogs
_STORAGES: Final[dict[str, type[_Storage]]] = {
    FIXED: FixedWindows,
    SLIDING: SlidingWindows,
    MOVING: MomentLogs,
}
_STRATEGIES: Final[dict[str, type[RateLimiter]]] = {
    FIXED: FixedWindowRateLimiter,
    SLIDING: SlidingWindowCounterRateLimiter,
    MOVING: MovingWindowRateLimiter,
}
#: For how many windows a count matters.
_MATTERS: Final = {FIXED: 1, SLIDING: 2, MOVING: 1}


@final
class _Window(RateLimitItemPerSecond):
    """A limit as the library wants it; its length is in microseconds, as the storages count."""

    __slots__ = ()

    def key_for(self, *identifiers: bytes | str | float) -> str:
        """The key as it is: each limit has a storage to itself."""
        return identifiers[0]  # type: ignore[return-value]  # text is all that is handed in


@final
class Windows:
    """At most ``amount`` in each window of ``seconds``, for each key."""

    __slots__ = ("_hit", "_item", "_storage", "_test", "kind", "most", "window")

    def __init__(self, kind: str, amount: int, seconds: float, capacity: int) -> None:
        """``kind`` is one of the three. Raises ``ValueError`` unless 1 <= amount, 1 <= capacity."""
        if amount < 1:
            message = f"no window lets {amount} through"
            raise ValueError(message)
        self.kind = kind
        self.most = amount
        #: Microseconds.
        self.window = microseconds(seconds)
        self._item = _Window(amount, self.window)
        self._use(_STORAGES[kind](capacity))

    def _use(self, storage: _Storage) -> None:
        self._storage = storage
        strategy = _STRATEGIES[self.kind](storage)
        # Bound once: looking them up costs as much as some of what they do.
        self._test = strategy.test
        self._hit = strategy.hit

    @property
    def memory_seconds(self) -> float:
        """As long as a count matters."""
        return _MATTERS[self.kind] * self.window / 1e6

    @property
    def tracked(self) -> int:
        """How many keys are remembered."""
        return len(self._storage.rows)

    @property
    def evictions(self) -> int:
        """How many keys were forgotten for want of room while their count mattered."""
        return self._storage.rows.evictions

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """Whether ``cost`` more fit the window."""
        self._storage.at = round(now * 1e6)
        return self._test(self._item, key.decode("latin-1"), cost=cost)

    def take(self, key: bytes, now: float, cost: int = 1) -> None:
        """Count ``cost``."""
        self._storage.at = round(now * 1e6)
        self._hit(self._item, key.decode("latin-1"), cost=cost)

    def left(self, key: bytes, now: float) -> float:
        """What the window has room for."""
        return self.most - self._counted(key, now)

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """How long until ``cost`` fits if nobody takes any; infinity if it never does."""
        if cost > self.most:
            return inf
        if self.admits(key, now, cost):
            return 0.0
        name = key.decode("latin-1")
        wait = self._storage.room_after(name, self.most, self.window, cost)
        more = 1
        # The library divides in floats: what it says at that moment is what counts.
        while not self.admits(key, now + wait / 1e6, cost):
            wait, more = wait + more, 2 * more
        return wait / 1e6

    def standing(self, key: bytes, now: float) -> Standing | None:
        """What was counted."""
        counted = self._counted(key, now)
        return Standing(counted, self.most - counted) if counted else None

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Count at that moment what was spent, at most the whole limit."""
        self._storage.at = round(at * 1e6)
        spent = min(ceil(standing.spent), self.most)
        self._storage.load(key.decode("latin-1"), self.window, spent)

    def knows(self, key: bytes) -> bool:
        """Whether anything is counted under this key, or was."""
        return self._storage.rows.get(key.decode("latin-1")) is not None

    def keys(self) -> Iterable[bytes]:
        """Those that something is counted under."""
        return [str(key).encode("latin-1") for key in self._storage.rows]

    def blank(self) -> Windows:
        """The same limit with nothing counted, and room for one key."""
        return Windows(self.kind, self.most, self.window / 1e6, 1)

    def shares(self, predecessor: Meter) -> bool:
        """Whether both count in the same windows."""
        return (
            isinstance(predecessor, Windows)
            and predecessor.kind == self.kind
            and predecessor.window == self.window
        )

    def adopt(self, predecessor: Windows, now: float) -> None:  # noqa: ARG002 - others need the time
        """Go on counting where the predecessor is; the limit is another, the counts stay."""
        capacity = self._storage.rows.capacity
        self._use(predecessor._storage)
        self._storage.rows.resize(capacity)

    def _counted(self, key: bytes, now: float) -> int:
        self._storage.at = round(now * 1e6)
        return self._storage.counted(key.decode("latin-1"), self.window)
