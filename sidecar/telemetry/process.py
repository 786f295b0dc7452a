"""What the kernel tells of this process: CPU time, memory, threads, files."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sidecar.telemetry import host_metrics as h
from sidecar.telemetry.control_groups import PROC
from sidecar.telemetry.declaration import Metric

#: Fields of /proc/PID/stat behind the name of the program (proc(5) counts from 1).
_USER, _SYSTEM, _THREADS, _STARTED, _VIRTUAL, _RESIDENT = 11, 12, 17, 19, 20, 21


def process_values(proc: Path = PROC) -> Iterator[tuple[Metric, float]]:
    """Each number that can be had; where there is no ``/proc``, few. Reads files."""
    with suppress(OSError, ValueError, IndexError):
        yield from _of_stat(proc)
    with suppress(OSError):
        yield h.PROCESS_FDS, float(sum(1 for _ in (proc / "self" / "fd").iterdir()))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY:
        yield h.PROCESS_MAX_FDS, float(allowed)


def _of_stat(proc: Path) -> list[tuple[Metric, float]]:
    # The name of the program may hold anything, brackets and spaces too.
    _, _, rest = (proc / "self" / "stat").read_text().rpartition(")")
    fields = [int(field) if field.lstrip("-").isdigit() else 0 for field in rest.split()]
    ticks = os.sysconf("SC_CLK_TCK")
    found = [
        (h.PROCESS_CPU, (fields[_USER] + fields[_SYSTEM]) / ticks),
        (h.PROCESS_MEMORY, float(fields[_RESIDENT] * resource.getpagesize())),
        (h.PROCESS_VIRTUAL, float(fields[_VIRTUAL])),
        (h.PROCESS_THREADS, float(fields[_THREADS])),
    ]
    booted = _booted(proc)
    if booted is not None:
        found.append((h.PROCESS_START, booted + fields[_STARTED] / ticks))
    return found


def _booted(proc: Path) -> float | None:
    """Seconds since 1970."""
    with suppress(OSError, ValueError):
        for line in (proc / "stat").read_text().splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    return None
