"""The figures as tables that a reader can take in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks import features, price
from benchmarks.goals import MIB, Goal, cpu, goals
from benchmarks.grid import NOTHING, Row, grid, show
from benchmarks.paired import ratio, spread
from benchmarks.results import Cell, Life, Results
from benchmarks.scenarios import (
    CROWDED,
    HALF,
    LARGE,
    MODERATE,
    POST,
    SATURATED,
    Scenario,
)
from benchmarks.targets import CHEAPEST, EQUALLY_GOVERNED, SILENT, TARGETS, Target, ours


def markdown(results: Results) -> str:
    """The whole report."""
    explained = (
        "“proved” was seen over the wire before measuring; the rest is what the configuration "
        "says. Whoever exports sends to the same collector.\n"
    )
    parts = [
        "# Side by side\n",
        _conditions(results),
        "## CPU per request, 200 B JSON, as fast as it goes\n",
        grid(_core_rows(results)),
        "## CPU per request under other loads\n",
        "µs of CPU, and in brackets × Envoy governed under the same load.\n",
        grid(_shape_rows(results)),
        "## Latency that the proxy adds\n",
        "µs over the same requests straight on the upstream in the same round.\n",
        grid(_latency_rows(results)),
        "## Memory and start-up\n",
        grid(_life_rows(results)),
        *(_goal_part(results, target) for target in ours(_present(results))),
        price.markdown(results),
        "## What is switched on in the governed configurations\n",
        explained,
        grid(features.table(results)),
        _left_out(results),
    ]
    return "\n".join(part for part in parts if part)


def _conditions(results: Results) -> str:
    machine, versions = results.machine, results.versions
    stolen = max((cell.stolen for cell in results.cells), default=0.0)
    made_of = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{results.taken[:10]}; {results.rounds} rounds of {results.run_seconds} s for each load, "
        f"the proxies paired within a round{_now_and_then(results)}. "
        f"{machine['processor']}, {machine['cores']} cores "
        f"({'virtual' if machine['hypervisor'] == 'yes' else 'bare'}), {machine['memory']}, "
        f"{machine['kernel']}, {machine['distribution']}. {made_of}.\n\n"
        f"Median (interquartile range). Ratios are taken within a round, then their median. "
        f"CPU is that of the proxy's whole process tree, kernel work included. The proxy has a "
        f"core to itself; other processes took {results.others_share():.1%} of it at the "
        f"median, other machines at most {stolen:.1%}. No request failed.\n"
    )


def _now_and_then(results: Results) -> str:
    """Which proxies were not in every round, and in how many they were."""
    seldom = [target for target in _present(results) if target.every > 1]
    names = ", ".join(target.title for target in seldom)
    number = len(range(0, results.rounds, seldom[0].every)) if seldom else 0
    return f"; in {number} of them: {names}" if seldom else ""


def _core_rows(results: Results) -> list[Row]:
    rows = [["proxy", "CPU µs/request", "× Envoy governed", "× HAProxy plain", "user : system"]]
    envoy = cpu(results, SATURATED.name, EQUALLY_GOVERNED)
    haproxy = cpu(results, SATURATED.name, CHEAPEST)
    for target in _present(results):
        own = cpu(results, SATURATED.name, target.name)
        cells = results.of(SATURATED.name, target.name).values()
        rows.append(
            [
                target.title,
                show(spread(own.values()), 1),
                show(ratio(own, envoy)),
                show(ratio(own, haproxy)),
                _division(cells),
            ]
        )
    return rows


def _shape_rows(results: Results) -> list[Row]:
    shapes = (LARGE, POST, MODERATE, CROWDED)
    rows = [["proxy", *(shape.title for shape in shapes)]]
    rows += [
        [target.title, *(_cost(results, shape, target) for shape in shapes)]
        for target in _present(results)
    ]
    return rows


def _cost(results: Results, scenario: Scenario, target: Target) -> str:
    own = cpu(results, scenario.name, target.name)
    cost = spread(own.values())
    if cost is None:
        return NOTHING
    against = ratio(own, cpu(results, scenario.name, EQUALLY_GOVERNED))
    return f"{cost.show(1)} [{against.median:.2f}]" if against else cost.show(1)


def _latency_rows(results: Results) -> list[Row]:
    rows = [["proxy"]]
    for scenario in (MODERATE, HALF):
        rows[0] += [f"p50, {scenario.title}", f"p99, {scenario.title}"]
    rows[0].append("half of its capacity, req/s")
    for target in _present(results):
        row = [target.title]
        for scenario in (MODERATE, HALF):
            cells = results.of(scenario.name, target.name).values()
            missed = sum(not cell.kept for cell in cells)
            note = f", rate missed in {missed}" if missed else ""
            row.append(show(spread(c.p50_us - c.direct_p50_us for c in cells), 0) + note)
            row.append(show(spread(c.p99_us - c.direct_p99_us for c in cells), 0))
        half = spread(cell.offered for cell in results.of(HALF.name, target.name).values())
        row.append(f"{half.median:,.0f}" if half else NOTHING)
        rows.append(row)
    return rows


def _life_rows(results: Results) -> list[Row]:
    columns: tuple[tuple[str, Callable[[Life], float], int], ...] = (
        ("start to first answer, s", lambda life: life.started_seconds, 3),
        ("MiB idle", lambda life: life.idle_bytes / MIB, 0),
        ("MiB at most under load", lambda life: life.peak_bytes / MIB, 0),
        (f"MiB at most {CROWDED.title}", lambda life: life.crowd_bytes / MIB, 0),
    )
    rows = [["proxy", *(words for words, _, _ in columns), "access log holds"]]
    for target in _present(results):
        lives = results.lives_of(target.name)
        shown = [show(spread(read(life) for life in lives), digits) for _, read, digits in columns]
        rows.append([target.title, *shown, _logged(lives) if target.governed else NOTHING])
    return rows


def _logged(lives: Iterable[Life]) -> str:
    """The worst round counts; more than all are requests under way when a load stopped."""
    shares = [life.logged / life.asked for life in lives if life.asked]
    return f"{min(1.0, *shares, 1.0):.1%} of requests" if shares else NOTHING


def _goal_part(results: Results, target: Target) -> str:
    rows = [["goal", "measured", "at most", "met"]]
    rows += [
        [goal.words, show(goal.measured, goal.digits), f"{goal.most:g}", _met(goal)]
        for goal in goals(results, target)
        # The growth of one build is measured, that of the first.
        if target.name != SILENT or goal.measured is not None
    ]
    return f"## Goals: {target.title}\n\n{grid(rows)}"


def _met(goal: Goal) -> str:
    if goal.met is None:
        return "not measured"
    return "yes" if goal.met else "**no**"


def _left_out(results: Results) -> str:
    return "\n".join(f"Left out: {name}: {why}." for name, why in results.missing.items())


def _present(results: Results) -> tuple[Target, ...]:
    measured = {cell.target for cell in results.cells}
    return tuple(target for target in TARGETS if target.name in measured)


def _division(cells: Iterable[Cell]) -> str:
    parts = list(cells)
    whole = sum(cell.user_us + cell.system_us for cell in parts)
    if not whole:
        return NOTHING
    user = sum(cell.user_us for cell in parts) / whole
    return f"{user:.0%} : {1 - user:.0%}"
