"""What the kernel tells of the container: the control group that limits us most closely.

For CPU time that is the nearest group with a quota, for memory the nearest with a limit; where
there is none, our own. Every file may be missing, and is then left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from sidecar.telemetry import host_metrics as h
from sidecar.telemetry.control_groups import GROUPS, PROC, groups_of, upwards
from sidecar.telemetry.declaration import Metric

#: A number with the values of its metric's labels, ``service`` left out.
Value = tuple[Metric, tuple[str, ...], float]

#: Version 1 writes a number near 2^63 for no limit.
_NO_LIMIT: Final = 1 << 60
_MEMORY_EVENTS: Final = ("high", "max", "oom", "oom_kill")
_RESOURCES: Final = ("cpu", "memory", "io")
_STALLED: Final = ("some", "full")
_MICRO, _NANO = 1e-6, 1e-9


def container_values(proc: Path = PROC, groups: Path = GROUPS) -> Iterator[Value]:
    """Each number that can be had. Reads files."""
    ours = groups_of(proc)
    two = [groups / group for group in upwards(ours.get("", ""))]
    cpu = [groups / "cpu" / group for group in upwards(ours.get("cpu", ""))]
    account = [groups / "cpuacct" / group for group in upwards(ours.get("cpuacct", ""))]
    memory = [groups / "memory" / group for group in upwards(ours.get("memory", ""))]
    yield from _cpu_2(two) or _cpu_1(cpu, account)
    yield from _memory_2(two) or _memory_1(memory)
    for resource in _RESOURCES:
        files = [(group / f"{resource}.pressure", "container") for group in two]
        yield from _pressure(resource, [*files, (proc / "pressure" / resource, "host")])


# --- CPU


def _cpu_2(groups: list[Path]) -> list[Value]:
    group = _nearest(groups, "cpu.max", _quota_2) or _nearest(groups, "cpu.stat", bool)
    if group is None:
        return []
    stat = _fields(group / "cpu.stat")
    return [
        *_found(h.CONTAINER_CPU, stat.get("usage_usec"), _MICRO),
        *_found(h.CONTAINER_CPU_LIMIT, _quota_2(_text(group / "cpu.max"))),
        *_periods(stat),
        *_found(h.CONTAINER_THROTTLED_TIME, stat.get("throttled_usec"), _MICRO),
    ]


def _quota_2(text: str) -> float | None:
    quota, _, period = text.partition(" ")
    with suppress(ValueError, ZeroDivisionError):
        # Without a quota it says "max", which is no number.
        return int(quota) / int(period)
    return None


def _cpu_1(groups: list[Path], account: list[Path]) -> list[Value]:
    group = _nearest(groups, "cpu.cfs_quota_us", lambda text: (_number(text) or 0) > 0)
    group = group or _nearest(groups, "cpu.stat", bool)
    # Where there is a quota, the account of that group is asked for.
    same = [one for one, cpu in zip(account, groups, strict=False) if cpu == group]
    used = _nearest([*same, *account], "cpuacct.usage", bool)
    values = (
        [] if used is None else _found(h.CONTAINER_CPU, _number_in(used / "cpuacct.usage"), _NANO)
    )
    if group is None:
        return values
    stat = _fields(group / "cpu.stat")
    quota = _number_in(group / "cpu.cfs_quota_us")
    period = _number_in(group / "cpu.cfs_period_us")
    limit = quota / period if quota and period and quota > 0 else None
    return [
        *values,
        *_found(h.CONTAINER_CPU_LIMIT, limit),
        *_periods(stat),
        *_found(h.CONTAINER_THROTTLED_TIME, stat.get("throttled_time"), _NANO),
    ]


def _periods(stat: dict[str, float]) -> list[Value]:
    return [
        *_found(h.CONTAINER_PERIODS, stat.get("nr_periods")),
        *_found(h.CONTAINER_THROTTLED, stat.get("nr_throttled")),
    ]


# --- memory


def _memory_2(groups: list[Path]) -> list[Value]:
    group = _nearest(groups, "memory.max", _number) or _nearest(groups, "memory.current", bool)
    if group is None:
        return []
    events = _fields(group / "memory.events")
    idle = _fields(group / "memory.stat").get("inactive_file", 0.0)
    return [
        *_memory(_number_in(group / "memory.current"), idle),
        *_found(h.CONTAINER_MEMORY_LIMIT, _number_in(group / "memory.max")),
        *_events({name: events.get(name) for name in _MEMORY_EVENTS}),
    ]


def _memory_1(groups: list[Path]) -> list[Value]:
    limit_file, usage_file = "memory.limit_in_bytes", "memory.usage_in_bytes"
    group = _nearest(groups, limit_file, lambda text: 0 < (_number(text) or 0) < _NO_LIMIT)
    group = group or _nearest(groups, usage_file, bool)
    if group is None:
        return []
    limit = _number_in(group / limit_file)
    idle = _fields(group / "memory.stat").get("total_inactive_file", 0.0)
    killed = _fields(group / "memory.oom_control").get("oom_kill")
    return [
        *_memory(_number_in(group / usage_file), idle),
        *_found(h.CONTAINER_MEMORY_LIMIT, limit if limit and limit < _NO_LIMIT else None),
        *_events({"max": _number_in(group / "memory.failcnt"), "oom_kill": killed}),
    ]


def _memory(used: float | None, idle: float) -> list[Value]:
    working = None if used is None else max(used - idle, 0.0)
    return [*_found(h.CONTAINER_MEMORY, used), *_found(h.CONTAINER_WORKING_SET, working)]


def _events(counts: dict[str, float | None]) -> list[Value]:
    return [
        (h.CONTAINER_MEMORY_EVENTS, (name,), count)
        for name, count in counts.items()
        if count is not None
    ]


# --- pressure


def _pressure(resource: str, files: list[tuple[Path, str]]) -> Iterator[Value]:
    """Lines such as ``some avg10=0.00 avg60=0.00 avg300=0.00 total=12345``, in microseconds."""
    for path, scope in files:
        lines = _text(path).splitlines()
        for line in lines:
            stalled, _, rest = line.partition(" ")
            _, found, total_text = rest.rpartition("total=")
            total = _number(total_text) if found and stalled in _STALLED else None
            if total is not None:
                yield h.PRESSURE, (scope, resource, stalled), total * _MICRO
        if lines:
            return


# --- files that may not be there


def _nearest(groups: list[Path], name: str, fits: Callable[[str], object]) -> Path | None:
    """The nearest group in which the file ``name`` says something that fits."""
    return next((group for group in groups if fits(_text(group / name))), None)


def _text(path: Path) -> str:
    with suppress(OSError, ValueError):
        return path.read_text().strip()
    return ""


def _number(text: str) -> float | None:
    with suppress(ValueError):
        return float(int(text))
    return None


def _number_in(path: Path) -> float | None:
    return _number(_text(path))


def _fields(path: Path) -> dict[str, float]:
    """Lines such as ``nr_periods 5``."""
    pairs = (line.partition(" ") for line in _text(path).splitlines())
    numbers = ((name, _number(value)) for name, _, value in pairs)
    return {name: number for name, number in numbers if number is not None}


def _found(metric: Metric, value: float | None, unit: float = 1.0) -> list[Value]:
    return [] if value is None else [(metric, (), value * unit)]
