"""One limit of a rule: that of most values, or the own one of a value that has an override."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil, floor
from typing import final

from sidecar.algorithms.meter import Changed, Meter, succeed
from sidecar.algorithms.pacing import Pacing
from sidecar.algorithms.token_bucket import TokenBuckets
from sidecar.algorithms.warm_up import Climb, WarmUp
from sidecar.model.values import Rate


class Algorithm(Enum):
    """How a limit spreads what it lets through."""

    TOKEN_BUCKET = "token_bucket"  # noqa: S105 - a word of the rule language
    GCRA = "gcra"
    FIXED_WINDOW = "fixed_window"
    SLIDING_WINDOW = "sliding_window"
    MOVING_WINDOW = "moving_window"
    WARM_UP = "warm_up"
    PACE = "pace"


BUCKETS = frozenset({Algorithm.TOKEN_BUCKET, Algorithm.GCRA})
WINDOWS = frozenset({Algorithm.FIXED_WINDOW, Algorithm.SLIDING_WINDOW, Algorithm.MOVING_WINDOW})
#: Those that have a burst.
BURSTING = BUCKETS | {Algorithm.WARM_UP}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is the same for all values: everything but the rate."""

    algorithm: Algorithm
    #: As written for the rule's own limit; None for the default.
    burst: int | None = None
    #: Seconds from cold to warm, and the share when cold.
    warming: tuple[float, float] = (0.0, 1.0)

    def burst_of(self, rate: Rate, written: Rate) -> float:
        """How many may come at once; a burst that is written grows with an override's rate."""
        if self.burst is not None:
            return max(1.0, self.burst * rate.per_second / written.per_second)
        if rate.unit == "units":
            return max(1.0, rate.amount)
        return 1.0 if self.algorithm is Algorithm.GCRA else max(1.0, rate.per_second)

    def meter(self, rate: Rate, burst: float, capacity: int) -> Meter:
        """A meter that knows nothing yet."""
        match self.algorithm:
            case Algorithm.TOKEN_BUCKET | Algorithm.GCRA:
                return TokenBuckets(rate.per_second, burst, capacity)
            case Algorithm.WARM_UP:
                return WarmUp(Climb(rate.per_second, burst, *self.warming), capacity)
            case Algorithm.PACE:
                return Pacing(rate.per_second, capacity)
            case windows:
                # The library of windows takes 4 MB, which most files have no use for.
                from sidecar.algorithms.windows import Windows  # noqa: PLC0415

                return Windows(windows.value, int(rate.amount), rate.per_seconds, capacity)


@final
class Allowance:
    """A meter with what is told of its limit."""

    __slots__ = ("about", "announced", "meter", "pace", "rate")

    def __init__(self, shape: Shape, rate: Rate, written: Rate, capacity: int) -> None:
        """``written`` is the rule's own limit, ``rate`` this one's."""
        burst = shape.burst_of(rate, written)
        self.rate = rate
        self.meter = shape.meter(rate, burst, capacity)
        #: The meter itself where callers wait for their turn; None elsewhere.
        self.pace = self.meter if isinstance(self.meter, Pacing) else None
        #: The same for every request, for ``explain``.
        self.about: dict[str, str | float] = {"limit": written_rate(rate)}
        if shape.algorithm in BURSTING:
            self.about["burst"] = burst
        #: The value of ``RateLimit-Policy``.
        self.announced = announced_policy(rate)

    def succeed(self, predecessor: Allowance, now: float) -> None:
        """Go on with what the predecessor knows."""
        self.meter = succeed(self.meter, predecessor.meter, now)

    def reserve(self, pace: Pacing, key: bytes, now: float) -> float:
        """The next turn of the pace, which is this one's; the moment of it."""
        if isinstance(self.meter, Changed):
            self.meter.move(key, now)
        return pace.reserve(key, now)

    def copy_standing(self, key: bytes, other: Allowance, now: float) -> None:
        """Let the key stand here as it does with the other limit."""
        standing = other.meter.standing(key, now)
        if standing is not None:
            self.meter.load(key, standing, now)


def announced_policy(rate: Rate) -> bytes:
    """The limit as draft-ietf-httpapi-ratelimit-headers has it: whole requests, whole seconds."""
    window = ceil(max(rate.per_seconds, rate.per_seconds / rate.amount))
    quota = max(1, floor(rate.amount * window / rate.per_seconds))
    return b'"default";q=%d;w=%d' % (quota, window)


def written_rate(rate: Rate) -> str:
    """The rate as it may be written in a rule file."""
    period = "" if rate.per_seconds == 1 else f"{rate.per_seconds:.12g}"
    unit = " units" if rate.unit == "units" else ""
    return f"{rate.amount:.12g}{unit}/{period}s"
