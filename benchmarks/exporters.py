"""What exporters do to latency and to the loop, at a rate that the sidecar has room for.

The same sidecar three times: without exporters, with 1 % of the traces (and of the access records)
exported, with all of them. Each is asked in each round, beside the same requests straight to the
upstream.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import process_tree, telling
from benchmarks.cores import Cores, core_time
from benchmarks.load import Generator, Load
from benchmarks.probed import TURN
from benchmarks.running import Running, StartError
from benchmarks.scenarios import MODERATE
from benchmarks.targets import SILENT, UPSTREAM, Target, by_name
from benchmarks.workplace import Workplace

OFF, SOME, ALL = "off", "1 %", "100 %"
VARIANTS = (OFF, SOME, ALL)
#: What the probe of each writes.
LAGS = "lags.json"
_LAGS_WITHIN_SECONDS = 5.0
_WARM_UP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One variant in one round."""

    p50_us: float
    p99_us: float
    direct_p50_us: float
    direct_p99_us: float
    kept: bool
    #: CPU for each request, of the sidecar's own process and of its exporter's.
    own_us: float
    exporter_us: float
    own_bytes: int
    exporter_bytes: int
    #: How late the loop was at each look, in seconds.
    lags: tuple[float, ...]
    #: Share of the proxy's core that went to other processes.
    others: float = 0.0


@dataclass
class Taken:
    """All that was measured, by variant; samples are in the order of the rounds."""

    rate: int
    seconds: int
    samples: dict[str, list[Sample]] = field(
        default_factory=lambda: {variant: [] for variant in VARIANTS}
    )
    told: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VARIANTS, 0))
    lost: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VARIANTS, 0))


def target(variant: str) -> Target:
    """The sidecar of one variant, with a probe on its loop."""
    whole = by_name(SILENT if variant == OFF else "sidecar")
    values = {**whole.values, "SAMPLE": "100%"} if variant == ALL else whole.values
    command = ("{program:python}", "-m", "benchmarks.probed", f"{{home}}/{LAGS}")
    return replace(
        whole,
        name=f"exporters-{VARIANTS.index(variant)}",
        title=f"sidecar, exporters {variant}",
        command=(*command, *whole.command[1:]),
        values=values,
    )


def measure(
    rounds: int,
    seconds: int,
    place: Workplace,
    cores: Cores,
    tell: Callable[[str], None],
    *,
    variants: Sequence[str] = VARIANTS,
) -> Taken:
    """All rounds. Every other one goes through the variants backwards."""
    taken = Taken(MODERATE.rate, seconds)
    with ExitStack() as stack:
        stack.enter_context(Running(UPSTREAM, place, cores.load))
        alive = {
            variant: stack.enter_context(Running(target(variant), place, [cores.proxy]))
            for variant in variants
        }
        bench = _Bench(Generator(cores.load, place.home("load")), cores, seconds)
        for running in alive.values():
            bench.paced(running.port, _WARM_UP_SECONDS)
            running.settle()
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            direct = bench.paced(place.upstream_port, seconds)
            for variant in variants[::-1] if number % 2 else variants:
                sample = bench.sample(alive[variant], direct)
                taken.samples[variant].append(sample)
                tell(_line(variant, sample))
        for variant, running in alive.items():
            taken.told[variant], taken.lost[variant] = telling.told_and_lost(running)
    return taken


class _Bench:
    """Puts one variant under load and watches it."""

    def __init__(self, generator: Generator, cores: Cores, seconds: int) -> None:
        self._generator = generator
        self._cores = cores
        self._seconds = seconds

    def paced(self, port: int, seconds: int) -> Load:
        """Requests by the clock."""
        connections = MODERATE.connections
        return self._generator.paced(
            port, MODERATE.path, rate=MODERATE.rate, seconds=seconds, connections=connections
        )

    def sample(self, running: Running, direct: Load) -> Sample:
        """One run. What the exporter still has to do afterwards counts, and is waited for."""
        own, *children = process_tree.members(running.pid)
        core = self._cores.proxy
        before = [process_tree.cpu_time_of(pids) for pids in ([own], children)]
        ticks = core_time(core)
        os.kill(own, TURN)
        load = self.paced(running.port, self._seconds)
        os.kill(own, TURN)
        lags = _read(running.home / LAGS)
        running.settle()
        used = [
            process_tree.cpu_time_of(pids).since(then).scheduled
            for pids, then in zip(([own], children), before, strict=True)
        ]
        after = core_time(core)
        busy = (after.busy - ticks.busy) / process_tree.TICKS_PER_SECOND
        whole = (after.total - ticks.total) / process_tree.TICKS_PER_SECOND
        return Sample(
            load.p50_us,
            load.p99_us,
            direct.p50_us,
            direct.p99_us,
            load.kept,
            used[0] * 1e6 / load.requests,
            used[1] * 1e6 / load.requests,
            process_tree.resident_bytes_of([own]),
            process_tree.resident_bytes_of(children),
            lags,
            others=max(0.0, busy - sum(used)) / max(whole, 1e-9),
        )


def _read(path: Path) -> tuple[float, ...]:
    """What the probe writes. Raises :class:`StartError` if it does not."""
    deadline = time.monotonic() + _LAGS_WITHIN_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            message = "the probe of the loop has written nothing"
            raise StartError(message)
        time.sleep(0.01)
    lags = json.loads(path.read_text(encoding="ascii"))
    path.unlink()
    return tuple(lags)


def _line(variant: str, sample: Sample) -> str:
    return (
        f"  {variant:<8}added p50 {sample.p50_us - sample.direct_p50_us:6.0f} µs, "
        f"p99 {sample.p99_us - sample.direct_p99_us:6.0f} µs  "
        f"{sample.own_us:6.1f} + {sample.exporter_us:6.1f} µs/request"
        + ("" if sample.kept else "  (rate not kept)")
    )
