"""CPU time and memory of a process and all its descendants, as the kernel counts them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KIB = 1024


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds of CPU used so far.

    ``scheduled`` comes from ``schedstat`` in nanoseconds; ``user`` and ``system`` come from
    ``stat`` in ticks of 10 ms and say only how the time divides.
    """

    scheduled: float
    user: float
    system: float

    def since(self, earlier: CpuTime) -> CpuTime:
        """What was used between two readings."""
        return CpuTime(
            self.scheduled - earlier.scheduled,
            self.user - earlier.user,
            self.system - earlier.system,
        )


def members(root: int) -> list[int]:
    """The process ids of ``root`` and its living descendants, parents first."""
    found = [root]
    for listing in Path(f"/proc/{root}/task").glob("*/children"):
        for child in _read(listing).split():
            found += members(int(child))
    return found


def cpu_time(root: int) -> CpuTime:
    """Sum over the tree; a process that ends meanwhile no longer counts."""
    return cpu_time_of(members(root))


def cpu_time_of(pids: Iterable[int]) -> CpuTime:
    """Sum over these processes, without their children."""
    scheduled = user = system = 0.0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            words = _read(task).split()
            scheduled += int(words[0]) / 1e9 if words else 0.0
        stat = _read(Path(f"/proc/{pid}/stat"))
        if stat:
            # The command name may hold spaces and brackets; the fields start after its last one.
            fields = stat.rsplit(")", 1)[1].split()
            user += int(fields[11]) / TICKS_PER_SECOND
            system += int(fields[12]) / TICKS_PER_SECOND
    return CpuTime(scheduled, user, system)


def resident_bytes(root: int) -> int:
    """Memory held now, shared pages counted in every process that maps them."""
    return _status_sum(members(root), "VmRSS:")


def peak_resident_bytes(root: int) -> int:
    """The sum of each process's highest resident size since it started."""
    return _status_sum(members(root), "VmHWM:")


def resident_bytes_of(pids: Iterable[int]) -> int:
    """Memory that these processes hold now, without their children."""
    return _status_sum(pids, "VmRSS:")


def peak_resident_bytes_of(pids: Iterable[int]) -> int:
    """The sum of the highest resident sizes of these processes, without their children."""
    return _status_sum(pids, "VmHWM:")


def _status_sum(pids: Iterable[int], field: str) -> int:
    total = 0
    for pid in pids:
        for line in _read(Path(f"/proc/{pid}/status")).splitlines():
            if line.startswith(field):
                total += int(line.split()[1]) * KIB
    return total


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # it ended between listing and reading
        return ""
