"""A limit that is low for what is cold and climbs while it is used: our own formula.

``warmth`` goes from 0 to 1, and with it the *share* of the limit that is let through, from the
cold share to all of it. Time cools, at a speed that goes from 1 to 0 in the warming time; each
admission warms, twice as much as time cools at the rate that is allowed then. So

- who uses all that is allowed warms in exactly the warming time,
- who uses half of it stays as warm as he is, who uses less cools, and who uses nothing for the
  warming time is cold again,
- what is allowed in a second is never far above twice what was used lately: a crowd after a quiet
  night does not meet the full limit.

What may be taken are tokens, as in a token bucket, that come at the share of the limit and of
which the share of the burst fits, at least one. Between admissions warmth falls in a straight
line, so the tokens that come are a parabola's worth, and no clock ticks.

The idea is Guava's ``SmoothWarmingUp`` and Sentinel's ``WarmUpController``; unlike them, neither
depends on the grid of a second nor lets a caller borrow from those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, sqrt, ulp
from typing import final

from sidecar.algorithms.meter import Meter, Standing
from sidecar.algorithms.token_bucket import ENOUGH_FOR_ONE, TOLERANCE
from sidecar.state.rows import Rows


@dataclass(frozen=True, slots=True)
class Climb:
    """The shape of a limit that warms up."""

    #: Requests a second when warm.
    rate: float
    #: What fits at once when warm; at least 1.
    burst: float
    #: Seconds from cold to warm, and back.
    warming_seconds: float
    #: The share of the limit when cold, above 0 and at most 1.
    cold_share: float

    def share(self, warmth: float) -> float:
        """The share of the limit that is let through."""
        return self.cold_share + (1.0 - self.cold_share) * warmth

    def room(self, warmth: float) -> float:
        """Tokens that fit."""
        return max(1.0, self.burst * self.share(warmth))

    def gained(self, warmth: float, seconds: float) -> float:
        """Tokens that come in so many seconds without an admission, from this warmth on."""
        cooling = min(seconds, warmth * self.warming_seconds)
        warm = warmth * cooling - cooling * cooling / (2.0 * self.warming_seconds)
        return self.rate * (self.cold_share * seconds + (1.0 - self.cold_share) * warm)

    def seconds_for(self, warmth: float, tokens: float) -> float:
        """The inverse of ``gained``."""
        until_cold = warmth * self.warming_seconds
        needed = tokens / self.rate
        beyond = needed - self.gained(warmth, until_cold) / self.rate
        if beyond >= 0:
            return until_cold + beyond / self.cold_share
        start = self.share(warmth)
        bend = (1.0 - self.cold_share) / (2.0 * self.warming_seconds)
        return 2.0 * needed / (start + sqrt(max(0.0, start * start - 4.0 * bend * needed)))

    def warmed(self, warmth: float, admissions: int = 1) -> float:
        """The warmth after so many admissions."""
        step = 2.0 / (self.warming_seconds * self.rate * self.share(warmth))
        return min(1.0, warmth + admissions * step)

    def cooled(self, warmth: float, seconds: float) -> float:
        """The warmth after so many seconds without an admission."""
        return max(0.0, warmth - seconds / self.warming_seconds)


@final
class WarmUp:
    """One climbing limit for each key; a key never seen is cold, and has all that fits then."""

    __slots__ = ("_rows", "climb", "memory_seconds")

    def __init__(self, climb: Climb, capacity: int) -> None:
        """Raises ``ValueError`` when the climb cannot be, or ``capacity`` is less than one."""
        possible = 0 < climb.cold_share <= 1 and 0 < climb.rate < inf and 1 <= climb.burst < inf
        if not (possible and 0 < climb.warming_seconds < inf):
            message = f"no limit climbs like {climb}"
            raise ValueError(message)
        self.climb = climb
        #: Until the warmest is cold, and the emptiest full.
        self.memory_seconds = climb.warming_seconds + climb.burst / (climb.rate * climb.cold_share)
        #: When the key is like one never seen, when it was written, tokens and warmth then.
        self._rows: Rows[tuple[float, float, float, float]] = Rows(capacity)

    @property
    def most(self) -> float:
        """What may be taken at once when warm."""
        return self.climb.burst

    @property
    def tracked(self) -> int:
        """How many keys are remembered."""
        return len(self._rows)

    @property
    def evictions(self) -> int:
        """How many keys were forgotten, for want of room, while they were not cold or not full."""
        return self._rows.evictions

    def admits(self, key: bytes, now: float, cost: int = 1) -> bool:
        """Whether there is a token."""
        return self._state(key, now)[0] >= cost - TOLERANCE

    def take(self, key: bytes, now: float, cost: int = 1) -> None:
        """Take it, which warms."""
        tokens, warmth = self._state(key, now)
        self._write(key, now, tokens - cost, self.climb.warmed(warmth, cost))

    def left(self, key: bytes, now: float) -> float:
        """The tokens there are."""
        return self._state(key, now)[0]

    def warmth(self, key: bytes, now: float) -> float:
        """From 0, cold, to 1."""
        return self._state(key, now)[1]

    def seconds_until(self, key: bytes, now: float, cost: int = 1) -> float:
        """How long until a token is there if nobody takes any."""
        tokens, warmth = self._state(key, now)
        missing = cost - tokens
        if cost > 1:
            # More than one may never fit once it is cold.
            return inf
        if missing <= cost - ENOUGH_FOR_ONE:
            return 0.0
        wait = self.climb.seconds_for(warmth, missing)
        nudge = ulp(now + wait)
        while not self.admits(key, now + wait, cost):
            wait, nudge = wait + nudge, 2 * nudge
        return wait

    def standing(self, key: bytes, now: float) -> Standing | None:
        """What is missing, and the warmth."""
        row = self._rows.get(key)
        if row is None or row[0] <= now:
            return None
        tokens, warmth = self._state(key, now)
        return Standing(max(0.0, self.climb.room(warmth) - tokens), tokens, warmth)

    def load(self, key: bytes, standing: Standing, at: float) -> None:
        """Be so warm, with so much missing."""
        room = self.climb.room(standing.warmth)
        left = max(0.0, min(standing.left, room - standing.spent))
        self._write(key, at, left, standing.warmth)

    def knows(self, key: bytes) -> bool:
        """Whether there is a row."""
        return self._rows.get(key) is not None

    def keys(self) -> Iterable[bytes]:
        """Those that have a row."""
        return [key for key in self._rows if isinstance(key, bytes)]

    def blank(self) -> WarmUp:
        """The same climb, cold, with room for one key."""
        return WarmUp(self.climb, 1)

    def shares(self, predecessor: Meter) -> bool:
        """Whether that climbs the same way; otherwise old gains would count at the new rate."""
        return isinstance(predecessor, WarmUp) and predecessor.climb == self.climb

    def adopt(self, predecessor: WarmUp, now: float) -> None:  # noqa: ARG002 - others need the time
        """Go on with the predecessor's rows."""
        capacity = self._rows.capacity
        self._rows = predecessor._rows
        self._rows.resize(capacity)

    def _state(self, key: bytes, now: float) -> tuple[float, float]:
        """Tokens and warmth."""
        row = self._rows.get(key)
        climb = self.climb
        if row is None:
            return climb.room(0.0), 0.0
        _, at, tokens, warmth = row
        # A moment before the last one, as a reader of another request may have, is that one.
        seconds = max(0.0, now - at)
        cooled = climb.cooled(warmth, seconds)
        return min(tokens + climb.gained(warmth, seconds), climb.room(cooled)), cooled

    def _write(self, key: bytes, at: float, tokens: float, warmth: float) -> None:
        self._rows.put(key, (at + self.memory_seconds, at, tokens, warmth), at)
