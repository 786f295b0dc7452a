"""What the sidecar's cost is held against, and whether this campaign met it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.paired import Spread, ratio, spread
from benchmarks.results import Life, Results
from benchmarks.scenarios import ALONE, CROWDED, FEW_RULES, HALF, MANY_KEYS, ONE_KEY, SATURATED
from benchmarks.targets import EQUALLY_GOVERNED, Target, grown

MIB = 1024 * 1024
MOST_OF_ENVOY = 0.75
MOST_GROWTH = 1.10
MOST_IDLE_MIB = 60
MOST_LOADED_MIB = 120
MOST_START_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table of goals; ``measured`` is None where the peer was missing."""

    words: str
    measured: Spread | None
    most: float
    digits: int = 2

    @property
    def met(self) -> bool | None:
        """Whether the median is within the bound."""
        return None if self.measured is None else self.measured.median <= self.most


def cpu(results: Results, scenario: str, target: str) -> dict[int, float]:
    """CPU per request by round."""
    return {number: cell.cpu_us for number, cell in results.of(scenario, target).items()}


def added_p99(results: Results, scenario: str, target: str) -> dict[int, float]:
    """What the proxy adds to the 99th percentile, by round, in microseconds."""
    cells = results.of(scenario, target).items()
    return {number: cell.p99_us - cell.direct_p99_us for number, cell in cells}


def growth(results: Results, target: Target) -> Iterator[Goal]:
    """How much more a request costs when there is more of something."""
    name = target.name
    pairs = (
        ("CPU/request with 500 rules on other routes", (FEW_RULES, grown(target).name), FEW_RULES),
        ("CPU/request with 10,000 tracked keys instead of one", (MANY_KEYS, name), ONE_KEY),
        ("CPU/request beside 10,000 idle connections", (CROWDED, name), ALONE),
    )
    for words, (more, more_name), less in pairs:
        measured = ratio(cpu(results, more.name, more_name), cpu(results, less.name, name))
        yield Goal(f"{words}, ×", measured, MOST_GROWTH)


def _without_exporter(lives: Sequence[Life]) -> Iterator[Goal]:
    """The same of the process that requests go through, where it has a child."""
    if any(life.idle_children_bytes for life in lives):
        own = spread((x.idle_bytes - x.idle_children_bytes) / MIB for x in lives)
        yield Goal("memory idle without the exporter's process, MiB", own, MOST_IDLE_MIB, 0)


def goals(results: Results, target: Target) -> list[Goal]:
    """All goals of one build of the sidecar."""
    name = target.name
    lives = results.lives_of(name)
    envoy = cpu(results, SATURATED.name, EQUALLY_GOVERNED)
    return [
        Goal(
            "CPU/request, × Envoy governed",
            ratio(cpu(results, SATURATED.name, name), envoy),
            MOST_OF_ENVOY,
        ),
        Goal(
            "p99 added at half of its capacity, × Envoy governed",
            ratio(
                added_p99(results, HALF.name, name),
                added_p99(results, HALF.name, EQUALLY_GOVERNED),
            ),
            1.0,
        ),
        *growth(results, target),
        Goal("memory idle, MiB", spread(x.idle_bytes / MIB for x in lives), MOST_IDLE_MIB, 0),
        *_without_exporter(lives),
        Goal("memory at most, MiB", spread(x.peak_bytes / MIB for x in lives), MOST_LOADED_MIB, 0),
        Goal("start-up, s", spread(x.started_seconds for x in lives), MOST_START_SECONDS),
    ]
