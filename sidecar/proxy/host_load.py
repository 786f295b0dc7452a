"""How much of the CPU time that we may use is used: by the container, or by the whole host.

The kernel's counters are read a few times a second, never on a request's way: those of the
nearest control group with a quota (version 2, else version 1), else those of the whole host.
Where there is neither, the process's own time stands in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sidecar.telemetry.control_groups import GROUPS, PROC, groups_of, upwards

if TYPE_CHECKING:
    from sidecar.state.load import Load

#: How long a window of load is.
WINDOW_SECONDS: Final = 0.25
#: How much of the share that is told is the last window's: quotas are given out in pieces.
_NEWS: Final = 0.5


class Counter(NamedTuple):
    """Something that counts the CPU time used."""

    #: What it is, for whoever wonders.
    source: str
    #: How many processors' worth of time may be used.
    processors: float
    #: CPU seconds used so far. Raises ``OSError`` or ``ValueError`` when they are not there.
    seconds: Callable[[], float]


class HostLoad:
    """Measures, and closes the windows of a ``Load``."""

    def __init__(self, load: Load, counter: Counter) -> None:
        self._load = load
        self._counter = counter
        self._used: float | None = None
        self._since = 0.0
        self._share: float | None = None

    @property
    def share(self) -> float | None:
        """How much of the CPU time that may be used is used, 0 to 1; None when it is unknown."""
        return self._share

    def tick(self, now: float, lag: float) -> None:
        """Called at every tick of the sweep, which came ``lag`` seconds after it was due."""
        self._load.lagged(lag)
        if now - self._since >= WINDOW_SECONDS:
            self._load.close_window(self._look(now - self._since))
            self._since = now

    def _look(self, elapsed: float) -> float | None:
        """The share used of late; None when it cannot be known."""
        before, self._used = self._used, None
        with suppress(OSError, ValueError):
            self._used = self._counter.seconds()
        if before is None or self._used is None:
            self._share = None
            return None
        share = (self._used - before) / elapsed / self._counter.processors
        share = min(max(share, 0.0), 1.0)
        self._share = share if self._share is None else self._share + _NEWS * (share - self._share)
        return self._share


def find_counter(proc: Path = PROC, groups: Path = GROUPS) -> Counter:
    """The counter of what limits us most closely, among those that there are."""
    for make in _candidates(proc, groups):
        with suppress(OSError, ValueError):
            counter = make()
            counter.seconds()
            return counter
    return Counter("process", _processors(), _of_process)


def _candidates(proc: Path, groups: Path) -> Iterator[Callable[[], Counter]]:
    ours = groups_of(proc)
    for group in upwards(ours.get("", "")):
        yield partial(_version_2, groups / group)
    for group in upwards(ours.get("cpu", "")):
        yield partial(_version_1, groups / "cpu" / group, groups / "cpuacct" / group)
    yield partial(_host, proc / "stat")


def _version_2(group: Path) -> Counter:
    quota, period = (group / "cpu.max").read_text().split()
    # Without a quota it says "max", which is no number.
    processors = float(int(quota)) / float(period)
    return Counter(f"cgroup {group}", processors, partial(_usage_2, group / "cpu.stat"))


def _usage_2(stat: Path) -> float:
    fields = dict(line.split() for line in stat.read_text().splitlines())
    return int(fields.get("usage_usec", "not there")) / 1e6


def _version_1(group: Path, account: Path) -> Counter:
    quota = int((group / "cpu.cfs_quota_us").read_text())
    if quota <= 0:
        message = f"{group} has no quota"
        raise ValueError(message)
    processors = quota / int((group / "cpu.cfs_period_us").read_text())
    return Counter(f"cgroup {group}", processors, partial(_usage_1, account / "cpuacct.usage"))


def _usage_1(usage: Path) -> float:
    return int(usage.read_text()) / 1e9


def _host(stat: Path) -> Counter:
    return Counter("host", _processors(), partial(_usage_of_host, stat, os.sysconf("SC_CLK_TCK")))


def _usage_of_host(stat: Path, ticks_a_second: int) -> float:
    """User, nice, system, irq and softirq time; steal is not ours, and idle is idle."""
    first, _, _ = stat.read_text().partition("\n")
    fields = [int(field) for field in first.split()[1:]]
    if len(fields) < 7:
        message = f"{stat} is not as proc(5) has it"
        raise ValueError(message)
    return sum((*fields[:3], *fields[5:7])) / ticks_a_second


def _processors() -> float:
    return float(os.cpu_count() or 1)


def _of_process() -> float:
    times = os.times()
    return times.user + times.system
