"""How long alerts take: as written, or in the time that a demonstration has."""

from __future__ import annotations

from typing import Final

import msgspec

from sidecar.alerting.durations import written as in_words


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
        return in_words(self.seconds(written))


#: As the rule file says.
PRODUCTION: Final = Profile(
    "production", 1.0, 0.0, alerts_every=15.0, records_every=30.0, budgets_every=300.0
)
#: An hour is a quarter of a minute, so that one act of the demo is enough for all of them.
DEMO: Final = Profile(
    "demo", 15 / 3600, 5.0, alerts_every=1.0, records_every=1.0, budgets_every=1.0
)
PROFILES: Final = {one.name: one for one in (PRODUCTION, DEMO)}
