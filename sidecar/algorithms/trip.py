"""When a breaker opens: too large a share of errors or of slow answers, or errors in a row.

Each condition counts every call that says something about the upstream, and answers whether it
is met by now. Only a call that makes things worse can meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final, Protocol, final

from sidecar.algorithms.window_counts import WindowCounts

#: 55 % of 20 is not exactly 11 in binary.
_ROUNDING: Final = 1e-9


class Condition(Protocol):
    """One condition under which a breaker opens."""

    @property
    def name(self) -> str:
        """What it looks at, as the rule language calls it."""
        ...

    @property
    def seconds(self) -> float:
        """How far back it looks; 0 when it does not go by time."""
        ...

    def count(self, now: float, seconds: float, *, error: bool) -> bool:
        """Count one call that took ``seconds``; whether the condition is met with it."""
        ...

    def is_bad(self, seconds: float, *, error: bool) -> bool:
        """Whether a call like this one speaks for opening."""
        ...

    def facts(self, now: float) -> dict[str, float]:
        """What was counted, and what it is held against. Leaves no trace."""
        ...

    def words(self) -> str:
        """What was counted last, in words: why the breaker opens."""
        ...

    def clear(self) -> None:
        """Forget what was counted."""
        ...

    def goes_on_from(self, other: Condition) -> bool:
        """Whether ``other`` counted the same things."""
        ...

    def adopt(self, predecessor: Condition, now: float) -> None:
        """Go on with what ``predecessor`` counted, when it ``goes_on_from`` it."""
        ...


@final
class Ratio:
    """At least ``ratio`` of at least ``at_least`` calls in a window were errors, or slow.

    With ``slower_than`` it is about calls that took longer than so many seconds, else about
    errors.
    """

    __slots__ = ("_at_least", "_ratio", "counts", "name", "slower_than")

    def __init__(self, ratio: float, over: float, at_least: int, slower_than: float = inf) -> None:
        self.name = "error_ratio" if slower_than == inf else "slow_ratio"
        self._ratio = ratio
        self._at_least = at_least
        self.slower_than = slower_than
        self.counts = WindowCounts(over)

    @property
    def seconds(self) -> float:
        """The length of its window."""
        return self.counts.seconds

    def count(self, now: float, seconds: float, *, error: bool) -> bool:
        """Count one call; whether there are now too many bad ones."""
        bad = error if self.slower_than == inf else seconds > self.slower_than
        counts = self.counts
        counts.add(now, hit=bad)
        if not bad:
            return False
        enough = self._ratio * counts.calls - _ROUNDING
        return counts.calls >= self._at_least and counts.hits >= enough

    def is_bad(self, seconds: float, *, error: bool) -> bool:
        """Whether the call is an error, or slow."""
        return error if self.slower_than == inf else seconds > self.slower_than

    def facts(self, now: float) -> dict[str, float]:
        """The share so far, of how many calls, and from which share on it opens."""
        counts = self.counts.read(now)
        return {
            self.name: counts.ratio,
            f"{self.name}_limit": self._ratio,
            f"{self.name}_requests": counts.calls,
            f"{self.name}_at_least": self._at_least,
            f"{self.name}_over_seconds": self.counts.seconds,
        }

    def words(self) -> str:
        """What was counted last, in words."""
        counts, limit = self.counts, self.slower_than
        bad = "failed" if limit == inf else f"took longer than {limit:g}s"
        return f"{counts.hits} of {counts.calls} requests in {counts.seconds:g}s {bad}"

    def clear(self) -> None:
        """Forget what was counted."""
        self.counts.clear()

    def goes_on_from(self, other: Condition) -> bool:
        """Whether ``other`` took the same calls for bad ones."""
        return isinstance(other, Ratio) and other.slower_than == self.slower_than

    def adopt(self, predecessor: Condition, now: float) -> None:
        """Go on with what ``predecessor`` counted."""
        if isinstance(predecessor, Ratio):
            self.counts.adopt(predecessor.counts, now)


@final
class ConsecutiveErrors:
    """So many errors without a success in between."""

    __slots__ = ("_limit", "errors")

    name = "consecutive_errors"
    seconds = 0.0

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.errors = 0

    def count(self, now: float, seconds: float, *, error: bool) -> bool:  # noqa: ARG002 - when and how long do not matter
        """Count one call; whether there are now so many errors in a row."""
        self.errors = self.errors + 1 if error else 0
        return self.errors >= self._limit

    def is_bad(self, seconds: float, *, error: bool) -> bool:  # noqa: ARG002 - as above
        """Whether the call is an error."""
        return error

    def facts(self, now: float) -> dict[str, float]:  # noqa: ARG002 - a row of errors does not age
        """How many there are, and how many are too many."""
        return {self.name: self.errors, f"{self.name}_limit": self._limit}

    def words(self) -> str:
        """What was counted last, in words."""
        return f"{self.errors} requests in a row failed"

    def clear(self) -> None:
        """Forget what was counted."""
        self.errors = 0

    def goes_on_from(self, other: Condition) -> bool:
        """Whether ``other`` counts errors in a row too."""
        return isinstance(other, ConsecutiveErrors)

    def adopt(self, predecessor: Condition, now: float) -> None:  # noqa: ARG002 - as above
        """Go on with what ``predecessor`` counted."""
        if isinstance(predecessor, ConsecutiveErrors):
            self.errors = predecessor.errors


def go_on(conditions: Iterable[Condition], before: Sequence[Condition], now: float) -> None:
    """Let each condition go on with what the first one of its sort before it has counted."""
    left = list(before)
    for condition in conditions:
        found = next((one for one in left if condition.goes_on_from(one)), None)
        if found is not None:
            left.remove(found)
            condition.adopt(found, now)
