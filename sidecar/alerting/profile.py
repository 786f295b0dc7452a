"""How long alerts take: as written, or in the time that a demonstration has."""

from __future__ import annotations

from typing import Final

import msgspec

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


class Profile(msgspec.Struct, frozen=True):
    """By what all windows, waits and intervals are scaled, and the shortest that is left."""

    name: str
    scale: float
    #: Seconds. What was shorter than this as written stays as it was.
    shortest: float
    #: How often alerts are looked at, in seconds; what is recorded, and budgets.
    alerts_every: float
    records_every: float
    budgets_every: float

    def seconds(self, written: float) -> float:
        """How long a time of the rule file is here, in seconds."""
        return min(written, max(self.shortest, written * self.scale))

    def window(self, written: float) -> str:
        """The same, as Prometheus has it."""
        return duration(self.seconds(written))


def duration(seconds: float) -> str:
    """``5400`` → ``1h30m``, to the millisecond. Raises ValueError for nothing at all."""
    rest = round(seconds * 1000)
    if rest <= 0:
        raise ValueError(f"{seconds} seconds are no duration")
    parts = []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


#: As the rule file says.
PRODUCTION: Final = Profile(
    "production", 1.0, 0.0, alerts_every=15.0, records_every=30.0, budgets_every=300.0
)
#: An hour is a quarter of a minute, so that one act of the demo is enough for all of them.
DEMO: Final = Profile(
    "demo", 15 / 3600, 5.0, alerts_every=1.0, records_every=1.0, budgets_every=1.0
)
PROFILES: Final = {one.name: one for one in (PRODUCTION, DEMO)}
