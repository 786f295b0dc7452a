"""What exporters cost: the sidecar with them, held against the one without in the same round."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.goals import MIB, added_p99, cpu
from benchmarks.grid import Row, grid, show
from benchmarks.paired import difference, ratio, spread
from benchmarks.results import Life, Results
from benchmarks.scenarios import CROWDED, HALF, LARGE, MODERATE, POST, SATURATED
from benchmarks.targets import SILENT, TARGETS, Target

_PRICED = (SATURATED, LARGE, POST, MODERATE, CROWDED)


def markdown(results: Results) -> str:
    """The part of the report; empty where one of the two was not measured."""
    loud = next((one for one in TARGETS if one.exports and results.lives_of(one.name)), None)
    if loud is None or not results.lives_of(SILENT):
        return ""
    told, lost = (sum(getattr(one, what) for one in results.lives) for what in ("told", "lost"))
    words = (
        "Pairs of the same round. The exporter is a child process on the same core; its time and "
        "memory are in all figures of the sidecar. The collector has taken "
        f"{told:,} spans, log records and metrics; {lost:,} were lost.\n"
    )
    rows = [*_cpu_rows(results, loud), *_latency_rows(results, loud), *_life_rows(results, loud)]
    return "\n".join(["## What exporters cost\n", words, grid([_HEAD, *rows])])


_HEAD = ["", "with exporters, against without", "of which the exporter's process"]


def _cpu_rows(results: Results, loud: Target) -> Iterable[Row]:
    for scenario in _PRICED:
        more = ratio(cpu(results, scenario.name, loud.name), cpu(results, scenario.name, SILENT))
        own = spread(cell.children_us for cell in results.of(scenario.name, loud.name).values())
        yield [f"CPU/request, {scenario.title}, ×", show(more), f"{show(own, 1)} µs"]


def _latency_rows(results: Results, loud: Target) -> Iterable[Row]:
    for scenario in (MODERATE, HALF):
        with_them, without = (added_p99(results, scenario.name, n) for n in (loud.name, SILENT))
        yield [f"p99 added, {scenario.title}, µs more", show(difference(with_them, without), 0), ""]


def _life_rows(results: Results, loud: Target) -> Iterable[Row]:
    read: tuple[tuple[str, Callable[[Life], float], Callable[[Life], float]], ...] = (
        ("memory idle", lambda x: x.idle_bytes / MIB, lambda x: x.idle_children_bytes / MIB),
        (
            "memory at most under load",
            lambda x: x.peak_bytes / MIB,
            lambda x: x.peak_children_bytes / MIB,
        ),
    )
    for words, whole, child in read:
        more = difference(_by_round(results, loud.name, whole), _by_round(results, SILENT, whole))
        own = spread(child(life) for life in results.lives_of(loud.name))
        yield [f"{words}, MiB more", show(more, 0), f"{show(own, 0)} MiB"]
    started = [_by_round(results, n, lambda x: x.started_seconds) for n in (loud.name, SILENT)]
    yield ["start-up, s more", show(difference(*started), 3), ""]


def _by_round(results: Results, name: str, read: Callable[[Life], float]) -> dict[int, float]:
    return {life.round: read(life) for life in results.lives_of(name)}
