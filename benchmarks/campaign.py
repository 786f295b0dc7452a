"""Rounds in which every target is put under every load, side by side in time."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace

from benchmarks import machine, process_tree, programs, proof, telling
from benchmarks.cores import Cores, core_time
from benchmarks.crowd import Crowd
from benchmarks.load import Generator, Load, LoadError
from benchmarks.results import Cell, Life, Results
from benchmarks.running import Running
from benchmarks.scenarios import (
    ALONE,
    FEW_RULES,
    MANY_KEYS,
    ONE_KEY,
    SATURATED,
    SCENARIOS,
    Scenario,
)
from benchmarks.targets import UPSTREAM, Target, grown, ours
from benchmarks.workplace import Workplace

WARM_UP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how long."""

    targets: tuple[Target, ...]
    rounds: int = 12
    run_seconds: int = 2
    scenarios: tuple[Scenario, ...] = SCENARIOS
    growth: bool = True


@dataclass
class Campaign:
    """Carries out a plan; each figure is handed to ``tell`` as it is taken."""

    plan: Plan
    workplace: Workplace
    cores: Cores
    tell: Callable[[str], None]
    results: Results = field(init=False)

    def run(self) -> Results:
        """Prove, then measure round by round.

        Raises :class:`benchmarks.load.LoadError` at the first request that goes wrong: figures
        with failures in them are not figures.
        """
        self.results = Results(
            taken=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            rounds=self.plan.rounds,
            run_seconds=self.plan.run_seconds,
            machine=machine.facts(),
            versions=machine.versions(),
            proved={},
        )
        present = self._present()
        with Running(UPSTREAM, self.workplace, self.cores.load):
            for target in present:
                if target.governed:
                    self.results.proved[target.name] = self._prove(target)
            for number in range(self.plan.rounds):
                self.tell(f"round {number + 1} of {self.plan.rounds}")
                Round(self, number, [one for one in present if number % one.every == 0]).run()
        return self.results

    def _present(self) -> tuple[Target, ...]:
        present = []
        for target in self.plan.targets:
            try:
                programs.find(target.program)
            except programs.NotInstalledError as absent:
                self.results.missing[target.name] = str(absent)
                self.tell(f"left out: {target.title}: {absent}")
            else:
                present.append(target)
        return tuple(present)

    def _prove(self, target: Target) -> dict[str, bool]:
        proved = proof.prove(target, self.workplace, [self.cores.proxy])
        lacks = [proof.CLAIMS[claim] for claim, there in proved.items() if not there]
        self.tell(f"{target.title}: {'lacks ' + ', '.join(lacks) if lacks else 'proved complete'}")
        return proved


class Round:
    """All targets alive, one of them under load at a time.

    Every other round goes through them backwards, so that drift of the machine and what one
    leaves in the caches for the next falls on both sides of every pair.
    """

    def __init__(self, campaign: Campaign, number: int, targets: Sequence[Target]) -> None:
        self._campaign = campaign
        self._number = number
        self._targets = list(targets)
        if number % 2:
            self._targets.reverse()
        self._growing = ours(targets)[:1]
        self._seconds = campaign.plan.run_seconds
        scratch = campaign.workplace.home("load")
        self._generator = Generator(campaign.cores.load, scratch)
        self._capacity: dict[str, float] = {}
        self._asked: Counter[str] = Counter()
        self._direct: dict[int, Load] = {}

    def run(self) -> None:
        """Start everybody, go through the loads, stop everybody."""
        with ExitStack() as stack:
            alive = [self._start(stack, target) for target in self._targets]
            lives = {running.target.name: self._born(running) for running in alive}
            for running in alive:
                self._closed(running, SATURATED, WARM_UP_SECONDS)
            for scenario in self._campaign.plan.scenarios:
                for running in alive:
                    if scenario.crowd and running.target in self._growing:
                        # What its growth is measured from: right before the crowd comes.
                        self._measure(running, ALONE)
                    self._measure(running, scenario)
                for running in alive:
                    lives[running.target.name] = _aged(
                        lives[running.target.name], running, scenario
                    )
            if self._campaign.plan.growth:
                self._grow([running for running in alive if running.target in self._growing])
            for running in alive:
                if running.target.exports:
                    lives[running.target.name] = _told(lives[running.target.name], running)
        for running in alive:
            self._campaign.results.lives.append(self._ended(running, lives[running.target.name]))
            # Access logs of millions of lines.
            shutil.rmtree(running.home)

    def _start(self, stack: ExitStack, target: Target) -> Running:
        campaign = self._campaign
        running = Running(target, campaign.workplace, [campaign.cores.proxy])
        return stack.enter_context(running)

    def _born(self, running: Running) -> Life:
        running.settle()
        idle = process_tree.resident_bytes(running.pid)
        below = process_tree.resident_bytes_of(process_tree.members(running.pid)[1:])
        return Life(
            self._number,
            running.target.name,
            running.started_in,
            idle,
            0,
            idle_children_bytes=below,
        )

    def _ended(self, running: Running, life: Life) -> Life:
        logged = running.logged() if running.target.governed else 0
        return replace(life, asked=self._asked[running.target.name], logged=logged)

    def _grow(self, sidecars: Iterable[Running]) -> None:
        for small in sidecars:
            campaign = self._campaign
            with Running(grown(small.target), campaign.workplace, [campaign.cores.proxy]) as large:
                large.settle()
                pair = [small, large] if self._number % 2 else [large, small]
                self._closed(large, SATURATED, WARM_UP_SECONDS)
                for running in pair:
                    self._measure(running, FEW_RULES)
            # The table of keys is filled before either is measured.
            self._closed(small, MANY_KEYS, WARM_UP_SECONDS)
            for scenario in (ONE_KEY, MANY_KEYS) if self._number % 2 else (MANY_KEYS, ONE_KEY):
                self._measure(small, scenario)

    def _measure(self, running: Running, scenario: Scenario) -> None:
        name = running.target.name
        rate = scenario.rate or round(scenario.share * self._capacity.get(name, 0.0))
        direct = self._direct_at(rate, scenario) if scenario.paced else None
        with Crowd(running.port, scenario.crowd) if scenario.crowd else nullcontext() as crowd:
            self._asked[name] += scenario.crowd
            cell = self._watch(running, scenario, rate)
            if crowd is not None and crowd.still_there() < scenario.crowd:
                message = f"{running.target.title} closed idle connections"
                raise LoadError(message)
        if scenario is SATURATED:
            self._capacity[name] = cell.requests / cell.seconds
        if direct is not None:
            cell = replace(cell, direct_p50_us=direct.p50_us, direct_p99_us=direct.p99_us)
        self._campaign.results.cells.append(cell)
        self._campaign.tell(_line(cell))

    def _watch(self, running: Running, scenario: Scenario, rate: int) -> Cell:
        core = self._campaign.cores.proxy
        children = process_tree.members(running.pid)[1:]
        below = process_tree.cpu_time_of(children)
        ticks, cpu = core_time(core), process_tree.cpu_time(running.pid)
        try:
            if scenario.paced:
                load = self._paced(running.port, scenario, rate)
                self._asked[running.target.name] += load.requests
            else:
                load = self._closed(running, scenario, self._seconds)
        except LoadError as wrong:
            message = f"{running.target.title}, {scenario.title}: {wrong}"
            raise LoadError(message) from wrong
        cpu = process_tree.cpu_time(running.pid).since(cpu)
        below = process_tree.cpu_time_of(children).since(below)
        after = core_time(core)
        total = max(1, after.total - ticks.total)
        busy = (after.busy - ticks.busy) / process_tree.TICKS_PER_SECOND
        each = 1e6 / load.requests
        return Cell(
            round=self._number,
            scenario=scenario.name,
            target=running.target.name,
            requests=load.requests,
            seconds=load.seconds,
            cpu_us=cpu.scheduled * each,
            user_us=cpu.user * each,
            system_us=cpu.system * each,
            p50_us=load.p50_us,
            p99_us=load.p99_us,
            offered=load.offered,
            kept=load.kept,
            others=max(0.0, busy - cpu.scheduled) * process_tree.TICKS_PER_SECOND / total,
            stolen=(after.stolen - ticks.stolen) / total,
            children_us=below.scheduled * each,
        )

    def _closed(self, running: Running, scenario: Scenario, seconds: int) -> Load:
        load = self._generator.closed(
            running.port,
            scenario.path,
            connections=scenario.connections,
            seconds=seconds,
            mode=scenario.mode,
        )
        self._asked[running.target.name] += load.requests
        return load

    def _paced(self, port: int, scenario: Scenario, rate: int) -> Load:
        return self._generator.paced(
            port,
            scenario.path,
            rate=rate,
            seconds=self._seconds,
            connections=scenario.connections,
        )

    def _direct_at(self, rate: int, scenario: Scenario) -> Load:
        """The same requests without a proxy; taken once a round for each rate."""
        if rate not in self._direct:
            port = self._campaign.workplace.upstream_port
            self._direct[rate] = self._paced(port, scenario, rate)
        return self._direct[rate]


def _aged(life: Life, running: Running, scenario: Scenario) -> Life:
    peak = process_tree.peak_resident_bytes(running.pid)
    if scenario.crowd:
        return replace(life, crowd_bytes=peak)
    below = process_tree.peak_resident_bytes_of(process_tree.members(running.pid)[1:])
    return replace(life, peak_bytes=peak, peak_children_bytes=below)


def _told(life: Life, running: Running) -> Life:
    """With what the exporter has brought to the collector.

    Raises :class:`LoadError` when that is nothing: what is not told costs nothing.
    """
    told, lost = telling.told_and_lost(running)
    if not told:
        message = f"{running.target.title}: the collector got nothing"
        raise LoadError(message)
    return replace(life, told=told, lost=lost)


def _line(cell: Cell) -> str:
    added = ""
    if cell.offered:
        p50, p99 = cell.p50_us - cell.direct_p50_us, cell.p99_us - cell.direct_p99_us
        added = f"  added p50 {p50:7.0f} µs, p99 {p99:7.0f} µs"
        added += "" if cell.kept else "  (rate not kept)"
    noise = f"  others {cell.others:.0%}" if cell.others >= 0.03 else ""
    return (
        f"  {cell.scenario:<10}{cell.target:<20}{cell.cpu_us:7.1f} µs/request"
        f"{cell.requests / cell.seconds:9,.0f}/s{added}{noise}"
    )
