"""The time that is looked at, and how finely: ``$__interval`` and ``$__rate_interval``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

#: An interval of at most the first is made the second, in milliseconds; a few of Grafana's steps.
_ROUNDED: Final = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000),
    (3_500, 2_000), (7_500, 5_000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000),
    (45_000, 30_000), (90_000, 60_000), (210_000, 120_000), (450_000, 300_000),
    (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000), (2_700_000, 1_800_000),
    (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000),
    (32_400_000, 21_600_000), (86_400_000, 43_200_000),
)  # fmt: skip
_DAY: Final = 86_400_000
#: Shorter rates miss a scrape that came late.
_SCRAPES: Final = 4
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, in seconds since 1970, as a panel of so many points shows it."""

    start: float
    end: float
    #: How often Prometheus scrapes, in seconds, as its data source says.
    scrape_seconds: float = 15.0
    points: int = 1000

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    @property
    def interval_seconds(self) -> float:
        """The distance of two points: ``$__interval``, never below that of two scrapes."""
        wanted = math.ceil(self.seconds * 1000 / self.points)
        rounded = next((to for below, to in _ROUNDED if wanted <= below), _DAY)
        return max(rounded / 1000, self.scrape_seconds)

    @property
    def rate_seconds(self) -> float:
        """``$__rate_interval``: holds enough scrapes, and leaves no gap between two points."""
        return max(self.interval_seconds + self.scrape_seconds, _SCRAPES * self.scrape_seconds)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that follow from it."""
        return {
            "__interval": duration(self.interval_seconds),
            "__interval_ms": f"{self.interval_seconds * 1000:.0f}",
            "__rate_interval": duration(self.rate_seconds),
            "__range": f"{self.seconds:.0f}s",
            "__range_s": f"{self.seconds:.0f}",
            "__range_ms": f"{self.seconds * 1000:.0f}",
            "__from": f"{self.start * 1000:.0f}",
            "__to": f"{self.end * 1000:.0f}",
        }


def duration(seconds: float) -> str:
    """As Prometheus and Grafana write it: ``15s``, ``250ms``."""
    milliseconds = round(seconds * 1000)
    for length, unit in _UNITS:
        if milliseconds >= length and milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms"
