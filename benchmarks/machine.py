"""What the figures were taken on. Neither host names nor paths."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks import programs

_PROGRAMS = ("sidecar", "envoy", "haproxy", "nginx", "aiohttp", "uvloop", "wrk", "h2load")


def facts() -> dict[str, str]:
    """The machine's make."""
    return {
        "processor": _first_value("/proc/cpuinfo", "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{_memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "distribution": _first_value("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        "hypervisor": "yes" if "hypervisor" in _first_value("/proc/cpuinfo", "flags") else "no",
    }


def words(facts: Mapping[str, str], day: dt.date) -> str:
    """When and on what, in a sentence."""
    made = "virtual" if facts["hypervisor"] == "yes" else "bare"
    return (
        f"{day.isoformat()}; {facts['processor']}, {facts['cores']} cores ({made}), "
        f"{facts['memory']}, {facts['kernel']}, {facts['distribution']}."
    )


def versions() -> dict[str, str]:
    """The versions of everything that takes part."""
    return {
        "python": platform.python_version(),
        "python_build": sys.implementation.name,
        **{program: programs.version(program) for program in _PROGRAMS},
    }


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2**30


def _first_value(path: str, name: str, separator: str = ":") -> str:
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for line in lines:
                key, _, value = line.partition(separator)
                if key.strip() == name:
                    return value.strip()
    except OSError:
        pass
    return "unknown"
