"""The commands of ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import (
    cores,
    exporters,
    exporters_table,
    figure,
    machine,
    micro,
    profiling,
    report,
    results,
    workplace,
)
from benchmarks.campaign import Campaign, Plan
from benchmarks.data_path import BrokenPathError
from benchmarks.load import LoadError
from benchmarks.programs import NotInstalledError
from benchmarks.running import StartError
from benchmarks.scenarios import LARGE, POST, SATURATED
from benchmarks.targets import TARGETS, by_name, ours

RESULTS = Path(__file__).parent / "results"
#: Access logs of one round; in memory, so that writing them back disturbs nobody.
MEMORY_DISK = Path("/dev/shm")  # noqa: S108  a directory of our own is made in it
MEMORY_DISK_BYTES = 4 * 2**30
ENOUGH_ROUNDS = 12
QUICK_ROUNDS = 3
EXPORTER_ROUNDS = 7
EXPORTER_SECONDS = 4
#: What other processes may take of the proxy's core before latencies say more about them.
QUIET_SHARE = 0.03
PROFILED = {scenario.name: scenario for scenario in (SATURATED, LARGE, POST)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 if a measurement could not be taken."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    try:
        status: int = options.command(options, console)
    except (BrokenPathError, LoadError, LookupError, NotInstalledError, StartError) as wrong:
        console.print(f"measured nothing: {wrong}")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.set_defaults(command=_run)
    _run_options(parser)
    commands = parser.add_subparsers(title="commands")
    run = commands.add_parser("run", help="measure side by side (the default)")
    _run_options(run)
    run.set_defaults(command=_run)
    again = commands.add_parser("render", help="make the table and the plots again")
    again.add_argument("file", nargs="?", type=Path, default=RESULTS / "latest.json")
    again.set_defaults(command=_render)
    _profile_options(commands.add_parser("profile", help="where the sidecar's time goes"))
    small = commands.add_parser("micro", help="the data path without sockets")
    small.add_argument("--requests", type=int, default=5_000, help="in each round")
    small.add_argument("--rounds", type=int, default=15)
    small.set_defaults(command=_micro)
    telling = commands.add_parser("exporters", help="what exporters do to latency and the loop")
    telling.add_argument("--rounds", type=int, default=EXPORTER_ROUNDS)
    telling.add_argument("--seconds", type=int, default=EXPORTER_SECONDS, help="of each run")
    telling.set_defaults(command=_exporters)
    listing = commands.add_parser("list", help="what can be measured")
    listing.set_defaults(command=_list)
    return parser


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=ENOUGH_ROUNDS)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s, kept as quick.*")
    parser.add_argument("--targets", default="", help="names, with commas; kept as partial.*")
    parser.add_argument("--no-growth", action="store_true", help="leave out rules and keys")


def _profile_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", default=ours(TARGETS)[0].name)
    parser.add_argument("--how", choices=("sample", "calls"), default="sample")
    parser.add_argument("--load", choices=tuple(PROFILED), default=SATURATED.name)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--top", type=int, default=30, help="how many functions are shown")
    parser.set_defaults(command=_profile)


def _run(options: argparse.Namespace, console: Console) -> int:
    chosen = tuple(by_name(name) for name in options.targets.split(",") if name)
    plan = Plan(
        chosen or TARGETS,
        rounds=QUICK_ROUNDS if options.quick else options.rounds,
        run_seconds=1 if options.quick else options.seconds,
        growth=not options.no_growth,
    )
    taken = measure(plan, console)
    name = name_of(plan)
    results.save(taken, RESULTS / f"{name}.json")
    status = _present(taken, RESULTS / name, console)
    others = taken.others_share()
    if others > QUIET_SHARE:
        console.print(
            f"Other processes took {others:.0%} of the proxy's core: ratios are wider and "
            "latencies worse than they are. Measure again on a quiet machine."
        )
    return status


def name_of(plan: Plan) -> str:
    """What results are kept as: only whole campaigns of enough rounds are evidence."""
    if plan.targets != TARGETS or not plan.growth:
        return "partial"
    return "latest" if plan.rounds >= ENOUGH_ROUNDS and plan.run_seconds > 1 else "quick"


def measure(plan: Plan, console: Console) -> results.Results:
    """Carry out a plan in a directory that is gone afterwards."""
    split = cores.split()
    if not split.apart:
        console.print("one core only: the proxy shares it with the load, latencies mean little")
    open_files = workplace.raise_open_files()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=roomy_directory()) as directory:
        place = workplace.Workplace(Path(directory), open_files)
        return Campaign(plan, place, split, console.print).run()


def roomy_directory() -> Path | None:
    """A file system in memory if there is one with room, else the usual temporary directory."""
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_BYTES:
        return MEMORY_DISK
    return None


def _profile(options: argparse.Namespace, console: Console) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=roomy_directory()) as directory:
        found = profiling.profile(
            by_name(options.target),
            PROFILED[options.load],
            options.how,
            options.seconds,
            workplace.Workplace(Path(directory), workplace.raise_open_files()),
        )
    profiling.show(found, console, options.top)
    return 0


def _micro(options: argparse.Namespace, console: Console) -> int:
    timings = micro.run(micro.CASES, count=options.requests, rounds=options.rounds)
    micro.show(timings, console)
    return 0


def _exporters(options: argparse.Namespace, console: Console) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=roomy_directory()) as directory:
        taken = exporters.measure(
            options.rounds,
            options.seconds,
            workplace.Workplace(Path(directory), workplace.raise_open_files()),
            cores.split(),
            console.print,
        )
    text = exporters_table.markdown(
        taken, machine.words(machine.facts(), dt.datetime.now(dt.UTC).date())
    )
    is_whole = options.rounds >= EXPORTER_ROUNDS and options.seconds >= EXPORTER_SECONDS
    path = RESULTS / ("exporters.md" if is_whole else "partial.exporters.md")
    path.write_text(text, encoding="utf-8")
    console.print(text)
    return 0


def _render(options: argparse.Namespace, console: Console) -> int:
    return _present(results.load(options.file), options.file.with_suffix(""), console)


def _present(taken: results.Results, stem: Path, console: Console) -> int:
    text = report.markdown(taken)
    stem.with_suffix(".md").write_text(text, encoding="utf-8")
    figure.draw(taken, stem)
    console.print(text)
    return 0


def _list(_: argparse.Namespace, console: Console) -> int:
    for target in TARGETS:
        console.print(f"{target.name:<20}{target.title}")
    return 0
