"""The figures of ``python -m benchmarks exporters`` as tables."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping

from benchmarks.exporters import ALL, OFF, SOME, VARIANTS, Sample, Taken
from benchmarks.goals import MIB
from benchmarks.grid import NOTHING, Row, grid, show
from benchmarks.paired import Spread, difference, spread
from benchmarks.probed import PROBE_SECONDS

MOST_LAG_MS = 5.0
MOST_P99_MS = 1.0
Read = Callable[[Sample], float]

_EACH: tuple[tuple[str, Read, int], ...] = (
    ("p50 added, µs", lambda s: s.p50_us - s.direct_p50_us, 0),
    ("p99 added, µs", lambda s: s.p99_us - s.direct_p99_us, 0),
    ("CPU/request of the sidecar's process, µs", lambda s: s.own_us, 1),
    ("CPU/request of the exporter's process, µs", lambda s: s.exporter_us, 1),
    ("memory of the sidecar's process, MiB", lambda s: s.own_bytes / MIB, 0),
    ("memory of the exporter's process, MiB", lambda s: s.exporter_bytes / MIB, 0),
)
_PAIRED: tuple[tuple[str, Read, int], ...] = (
    ("p50, µs more than without", lambda s: s.p50_us, 0),
    ("p99, µs more than without", lambda s: s.p99_us, 0),
    ("CPU/request in all, µs more than without", lambda s: s.own_us + s.exporter_us, 1),
)


def markdown(taken: Taken, conditions: str) -> str:
    """The whole report."""
    return "\n".join(
        [
            "# What exporters do to requests\n",
            f"{conditions}\n",
            _words(taken),
            grid(_rows(taken)),
            "## Held against\n",
            grid(_goals(taken)),
        ]
    )


def lag_ms(samples: Iterable[Sample], share: float) -> float:
    """How late the loop was, in milliseconds, at that share of all looks of all rounds."""
    lags = sorted(lag for sample in samples for lag in sample.lags)
    return lags[min(int(len(lags) * share), len(lags) - 1)] * 1e3 if lags else 0.0


def _words(taken: Taken) -> str:
    rounds = len(taken.samples[OFF])
    others = [sample.others for samples in taken.samples.values() for sample in samples]
    return (
        f"{rounds} rounds of {taken.seconds} s at {taken.rate:,} requests a second for each. "
        "Median (interquartile range); differences are those of pairs of the same round. Sidecar "
        "and exporter share one core, of which other processes took "
        f"{statistics.median(others or [0.0]):.1%} at the median. The loop is looked at every "
        f"{PROBE_SECONDS * 1e3:.0f} ms by a timer of its own, which is in the CPU of all three.\n"
    )


def _rows(taken: Taken) -> list[Row]:
    rows = [["", *(f"exporters {variant}" for variant in VARIANTS)]]
    for words, read, digits in _EACH:
        cells = (spread(map(read, taken.samples[variant])) for variant in VARIANTS)
        rows.append([words, *(show(cell, digits) for cell in cells)])
    for words, read, digits in _PAIRED:
        pairs = (_more(taken, variant, read) for variant in (SOME, ALL))
        rows.append([words, NOTHING, *(show(pair, digits) for pair in pairs)])
    for words, share in (("p99", 0.99), ("p99.9", 0.999)):
        late = (lag_ms(taken.samples[variant], share) for variant in VARIANTS)
        rows.append([f"the loop is late, {words}, ms", *(f"{one:.2f}" for one in late)])
    rows.append(["told", *(f"{taken.told[variant]:,}" for variant in VARIANTS)])
    rows.append(["lost", *(f"{taken.lost[variant]:,}" for variant in VARIANTS)])
    missed = (sum(not one.kept for one in taken.samples[variant]) for variant in VARIANTS)
    rows.append(["rounds in which the rate was missed", *map(str, missed)])
    return rows


def _goals(taken: Taken) -> list[Row]:
    rows = [["goal", "at most", f"exporters {SOME}", f"exporters {ALL}"]]
    late = {variant: lag_ms(taken.samples[variant], 0.999) for variant in VARIANTS}
    caused = [late[variant] - late[OFF] for variant in (SOME, ALL)]
    rows.append(
        [
            "p99.9 of the loop's lag, ms more than without",
            f"{MOST_LAG_MS:g}",
            *(_judged(f"{more:.2f}", more <= MOST_LAG_MS) for more in caused),
        ]
    )
    pairs = [_more(taken, variant, lambda s: s.p99_us / 1e3) for variant in (SOME, ALL)]
    judged = (
        _judged(show(pair), pair.median <= MOST_P99_MS) if pair else NOTHING for pair in pairs
    )
    rows.append(["p99 of requests, ms more than without", f"{MOST_P99_MS:g}", *judged])
    return rows


def _judged(measured: str, met: bool) -> str:  # noqa: FBT001 - its name would say no more
    return f"{measured}: {'met' if met else '**not met**'}"


def _more(taken: Taken, variant: str, read: Read) -> Spread | None:
    return difference(_by_round(taken, variant, read), _by_round(taken, OFF, read))


def _by_round(taken: Taken, variant: str, read: Read) -> Mapping[int, float]:
    return {number: read(sample) for number, sample in enumerate(taken.samples[variant])}
