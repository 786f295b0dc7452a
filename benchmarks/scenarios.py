"""The table of loads that every target is put under."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.crowd import CROWD_SIZE

#: Tenants in the growth scenarios; the sidecar tracks so many values of a key by default.
TRACKED_KEYS = 10_000
MODERATE_RATE = 2_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """One load.

    ``rate`` is requests per second; 0 means as fast as the answers come. ``share`` replaces it
    by that share of what the target did in the first scenario of the same round.
    """

    name: str
    title: str
    path: str = "/api/small"
    mode: tuple[str, ...] = ("get",)
    connections: int = 32
    rate: int = 0
    share: float = 0.0
    #: Idle connections beside the ones that ask.
    crowd: int = 0

    @property
    def paced(self) -> bool:
        """Whether requests are sent by the clock."""
        return bool(self.rate or self.share)


SATURATED = Scenario("small", "200 B JSON")
LARGE = Scenario("large", "64 KiB response", path="/api/large")
POST = Scenario("post", "4 KiB POST", mode=("post",))
MODERATE = Scenario("moderate", f"{MODERATE_RATE:,} req/s", connections=40, rate=MODERATE_RATE)
HALF = Scenario("half", "half of its own capacity", connections=64, share=0.5)
CROWDED = Scenario("crowd", f"beside {CROWD_SIZE:,} idle connections", crowd=CROWD_SIZE)

#: For everybody, in this order; the first one gives the capacity, the last one's memory is
#: kept apart.
SCENARIOS = (SATURATED, LARGE, POST, MODERATE, HALF, CROWDED)

#: For the sidecar alone: two loads, or two rule files, that differ only in size.
ALONE = Scenario("alone", "200 B JSON")
FEW_RULES = Scenario("rules", "200 B JSON")
ONE_KEY = Scenario("one-key", "one tenant", mode=("tenants", "1"))
MANY_KEYS = Scenario(
    "many-keys", f"{TRACKED_KEYS:,} tenants in turn", mode=("tenants", str(TRACKED_KEYS))
)
