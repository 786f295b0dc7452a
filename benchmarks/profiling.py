"""Puts the sidecar under load with a profiler inside it, and shows where its time goes."""

from __future__ import annotations

import json
import os
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import process_tree
from benchmarks.cores import split
from benchmarks.load import Generator
from benchmarks.profiled import BEGIN
from benchmarks.running import PROJECT, Running
from benchmarks.scenarios import Scenario
from benchmarks.targets import UPSTREAM, Target
from benchmarks.workplace import Workplace

#: What each command writes beside its configuration.
OUTPUT = "profile.json"
WARM_UP_SECONDS = 1
_LIBRARY = Path(sysconfig.get_path("stdlib"))


def under_profiler(target: Target, how: str) -> Target:
    """The same target inside ``benchmarks.profiled``; ``how`` is ``sample`` or ``calls``."""
    command = ("{program:python}", "-m", "benchmarks.profiled", how, f"{{home}}/{OUTPUT}")
    return replace(target, command=(*command, *target.command[1:]))


def profile(
    target: Target, scenario: Scenario, how: str, seconds: int, place: Workplace
) -> dict[str, Any]:
    """Run it for some seconds under one load; what the profiler wrote, and what a request cost."""
    cores = split()
    generator = Generator(cores.load, place.root)

    def load(port: int, for_seconds: int) -> int:
        return generator.closed(
            port,
            scenario.path,
            connections=scenario.connections,
            seconds=for_seconds,
            mode=scenario.mode,
        ).requests

    with Running(UPSTREAM, place, cores.load):
        with Running(under_profiler(target, how), place, [cores.proxy]) as running:
            load(running.port, WARM_UP_SECONDS)
            os.kill(running.pid, BEGIN)
            before = process_tree.cpu_time(running.pid)
            requests = load(running.port, seconds)
            used = process_tree.cpu_time(running.pid).since(before)
        found: dict[str, Any] = json.loads((running.home / OUTPUT).read_text(encoding="utf-8"))
    return {
        **found,
        "requests": requests,
        "cpu_us": used.scheduled * 1e6 / requests,
        "system_share": used.system / max(1e-9, used.user + used.system),
    }


def show(found: dict[str, Any], console: Console, top: int) -> None:
    """Print the hottest functions, and the hottest lines if they were sampled."""
    console.print(
        f"{found['requests']:,} requests, {found['cpu_us']:.1f} µs of CPU each with the profiler "
        f"in it, {found['system_share']:.0%} of it in the kernel"
    )
    whole = {(file, line, name): share for file, line, name, share in found["whole"]}
    calls = {(file, line, name): count for file, line, name, count in found.get("calls", ())}
    console.print(f"\n{'own':>6} {'whole':>6}{'  calls/request' if calls else ''}")
    for file, line, name, share in _hottest(found["own"], top):
        place = (file, line, name)
        each = f"{calls[place] / found['requests']:15.2f}" if calls else ""
        console.print(
            f"{share:6.1%} {whole.get(place, 0.0):6.1%}{each}  {_where(file, line, name)}"
        )
    if "lines" in found:
        console.print("\nthe hottest lines")
        for file, line, name, share in _hottest(found["lines"], top // 2):
            console.print(f"{share:6.1%}  {_where(file, line, name)}  {_source(file, line)}")


def _hottest(rows: list[list[Any]], top: int) -> list[list[Any]]:
    return sorted(rows, key=lambda row: -row[3])[:top]


def _where(file: str, line: int, name: str) -> str:
    if not line:
        return name
    path = Path(file)
    if "site-packages" in path.parts:
        path = Path(*path.parts[path.parts.index("site-packages") + 1 :])
    for root in (PROJECT, _LIBRARY):
        if path.is_relative_to(root):
            path = path.relative_to(root)
    return f"{path}:{line} {name}"


def _source(file: str, line: int) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()[line - 1].strip()[:70]
    except (OSError, IndexError):
        return ""
