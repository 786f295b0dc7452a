"""What the window strategies of the library ``limits`` keep their counts in, on our clock.

The library's strategies read and write through the interfaces of its storages. Its own memory
storage reads the wall clock, keeps every key and starts threads; these read no clock, are bounded
and do nothing by themselves: whoever asks writes ``at`` first. Windows and moments are whole
microseconds, so that nothing is rounded and a caller who comes on the dot is not refused.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from math import ceil
from typing import NoReturn

from limits.storage.base import MovingWindowSupport, SlidingWindowCounterSupport, Storage

from sidecar.state.rows import Rows

#: Moments that one moving window limit keeps at most, over all its keys: 64 MiB.
_MOMENTS_AT_MOST = 8 << 20
#: More than what counts is trimmed only when there is so much of it: trimming costs a copy.
_SLACK = 64


class WindowStorage(Storage):
    """What all three have in common; ``at`` is now, in microseconds."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self.at = 0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None: there is nothing that could fail."""
        return ()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> None:
        """Nobody starts a storage over: what was counted stays."""
        self._not_here()

    def clear(self, key: str) -> None:
        """Nobody forgets one caller."""
        self._not_here()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Only for fixed windows."""
        self._not_here()

    def get(self, key: str) -> int:
        """Only for fixed windows."""
        self._not_here()

    def get_expiry(self, key: str) -> float:
        """Only for fixed windows."""
        self._not_here()

    def _not_here(self) -> NoReturn:
        raise NotImplementedError


class FixedWindows(WindowStorage):
    """A count for each key, which begins with the first request and ends with its window."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        #: When the window ends, what was counted in it.
        self.rows: Rows[tuple[int, int]] = Rows(capacity)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount``, in a new window if there is none; what is counted now."""
        row = self.rows.get(key)
        if row is None or row[0] <= self.at:
            row = (self.at + expiry, 0)
        row = (row[0], row[1] + amount)
        self.rows.put(key, row, self.at)
        return row[1]

    def get(self, key: str) -> int:
        """What is counted in the window of ``key``."""
        row = self.rows.get(key)
        return 0 if row is None or row[0] <= self.at else row[1]

    def get_expiry(self, key: str) -> float:
        """When the window of ``key`` ends."""
        row = self.rows.get(key)
        return self.at if row is None or row[0] <= self.at else row[0]

    def counted(self, key: str, window: int) -> int:
        """What counts against the limit."""
        return self.get(key)

    def room_after(self, key: str, limit: int, window: int, amount: int) -> int:
        """Microseconds until ``amount`` fits, which does not now."""
        return round(self.get_expiry(key)) - self.at

    def load(self, key: str, window: int, amount: int) -> None:
        """Begin a window in which ``amount`` was counted."""
        self.rows.put(key, (self.at + window, amount), self.at)


class SlidingWindows(WindowStorage, SlidingWindowCounterSupport):
    """Two counts for each key: of the window that the clock is in, and of the one before."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        #: When the row means nothing any more, the number of the window, its count, the earlier's.
        self.rows: Rows[tuple[int, int, int, int]] = Rows(capacity)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count and microseconds left of the earlier window, and of the one of now."""
        number = self.at // expiry
        before, current = self._counts(key, number)
        left = (number + 1) * expiry - self.at
        return before, left, current, left + expiry

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count ``amount`` if it fits."""
        if self.counted(key, expiry) + amount > limit:
            return False
        number = self.at // expiry
        before, current = self._counts(key, number)
        self._write(key, expiry, before, current + amount)
        return True

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Nobody forgets one caller."""
        self._not_here()

    def counted(self, key: str, window: int) -> int:
        """What counts against the limit: the earlier count by the share of it that is in view."""
        before, left, current, _ = self.get_sliding_window(key, window)
        return int(before * left / window + current)

    def room_after(self, key: str, limit: int, window: int, amount: int) -> int:
        """Microseconds until ``amount`` fits, which does not now."""
        before, left, current, _ = self.get_sliding_window(key, window)
        room = limit - amount + 1
        if current < room:
            return round(left) - ((room - current) * window - 1) // before
        # Not in this window: the count of now has to fade in the next.
        return round(left) + window - (room * window - 1) // current

    def load(self, key: str, window: int, amount: int) -> None:
        """Count ``amount``, and nothing else, in the window of now."""
        self._write(key, window, 0, amount)

    def _counts(self, key: str, number: int) -> tuple[int, int]:
        row = self.rows.get(key)
        if row is None or row[1] < number - 1:
            return 0, 0
        return (row[3], row[2]) if row[1] == number else (row[2], 0)

    def _write(self, key: str, window: int, before: int, current: int) -> None:
        number = self.at // window
        self.rows.put(key, ((number + 2) * window, number, current, before), self.at)


class _Logs(Rows[tuple[int, "array[int]"]]):
    """Logs of moments, bounded also in how many moments they hold together."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.moments = 0

    def drop_oldest(self, now: float) -> tuple[int, array[int]]:
        row = super().drop_oldest(now)
        self.moments -= len(row[1])
        return row


class MomentLogs(WindowStorage, MovingWindowSupport):
    """The moment of each request that was counted, for each key, oldest first."""

    def __init__(self, capacity: int, moments_at_most: int = _MOMENTS_AT_MOST) -> None:
        super().__init__()
        #: When the youngest moment is out of the window, the moments.
        self.rows: _Logs = _Logs(capacity)
        self._moments_at_most = moments_at_most

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Log ``amount`` moments if they fit."""
        moments = self._moments(key)
        nth = limit - amount + 1
        if nth < 1 or (nth <= len(moments) and moments[-nth] > self.at - expiry):
            return False
        self._log(key, moments, expiry, amount)
        if len(moments) > limit + _SLACK:
            # Those beyond the limit can never decide again.
            self.rows.moments -= len(moments) - limit
            del moments[:-limit]
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest moment in the window, and how many there are."""
        moments = self._moments(key)
        out = bisect_right(moments, self.at - expiry)
        inside = len(moments) - out
        return (moments[out] if inside else self.at), inside

    def counted(self, key: str, window: int) -> int:
        """What counts against the limit."""
        return self.get_moving_window(key, 0, window)[1]

    def room_after(self, key: str, limit: int, window: int, amount: int) -> int:
        """Microseconds until ``amount`` fits, which does not now."""
        return self._moments(key)[amount - limit - 1] + window - self.at

    def load(self, key: str, window: int, amount: int) -> None:
        """Log ``amount`` moments of now, and nothing else."""
        self.rows.moments -= len(self._moments(key))
        self._log(key, array("q"), window, amount)

    def _moments(self, key: str) -> array[int]:
        row = self.rows.get(key)
        return array("q") if row is None else row[1]

    def _log(self, key: str, moments: array[int], window: int, amount: int) -> None:
        moments.extend([self.at] * amount)
        self.rows.moments += amount
        self.rows.put(key, (self.at + window, moments), self.at)
        while self.rows.moments > self._moments_at_most and len(self.rows) > 1:
            self.rows.drop_oldest(self.at)


def microseconds(seconds: float) -> int:
    """A length of time as the storages count it, never shorter."""
    return max(1, ceil(seconds * 1e6 - 1e-3))
