"""Which core the proxy under test has to itself, and which the load and the upstream share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """The split of the machine for one campaign."""

    proxy: int
    load: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether the proxy shares its core with nothing of ours."""
        return self.proxy not in self.load


def split() -> Cores:
    """Give the last core that this process may use to the proxy, all others to the rest."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) == 1:
        return Cores(allowed[0], frozenset(allowed))
    return Cores(allowed[-1], frozenset(allowed[:-1]))


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Ticks one core has spent since boot."""

    busy: int
    stolen: int
    total: int


def core_time(core: int) -> CoreTime:
    """Read ``/proc/stat`` for one core (proc(5); the unit is ``SC_CLK_TCK`` ticks)."""
    prefix = f"cpu{core} "
    with Path("/proc/stat").open(encoding="ascii") as stat:
        for line in stat:
            if line.startswith(prefix):
                ticks = [int(word) for word in line.split()[1:9]]
                idle, iowait, stolen = ticks[3], ticks[4], ticks[7]
                total = sum(ticks)
                return CoreTime(total - idle - iowait - stolen, stolen, total)
    message = f"/proc/stat does not list core {core}"
    raise LookupError(message)
