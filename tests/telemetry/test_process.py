from __future__ import annotations

import os
import resource
from pathlib import Path

from sidecar.telemetry.process import process_values
from tests.telemetry.kernel import Kernel

_TICKS = os.sysconf("SC_CLK_TCK")


def told(proc: Path) -> dict[str, float]:
    return {metric.name: value for metric, value in process_values(proc)}


def test_a_process_is_read(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.process()
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert told(kernel.proc) == {
        "process_cpu_seconds_total": 300 / _TICKS,
        "process_resident_memory_bytes": 359 * resource.getpagesize(),
        "process_virtual_memory_bytes": 3133440,
        "process_threads": 4,
        "process_start_time_seconds": 1_700_000_000 + 6000 / _TICKS,
        "process_open_fds": 3,
        "process_max_fds": allowed,
    }


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    assert [*told(kernel.proc)] == ["process_max_fds"]
    kernel.put("proc/self/stat", "7 (short) S 1 2\n")
    assert [*told(kernel.proc)] == ["process_max_fds"]


def test_this_process_is_read_as_it_is() -> None:
    found = told(Path("/proc"))
    spent = os.times()
    assert found["process_cpu_seconds_total"] <= spent.user + spent.system + 0.02
    assert found["process_threads"] >= 1
    assert found["process_resident_memory_bytes"] > 1_000_000
