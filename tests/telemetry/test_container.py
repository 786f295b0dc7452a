from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.telemetry.container import container_values
from tests.telemetry.kernel import PRESSURE, Kernel

_WHOLE = {
    "sidecar_container_cpu_seconds_total": 2.5,
    "sidecar_container_cpu_limit": 1.5,
    "sidecar_container_cpu_periods_total": 10,
    "sidecar_container_cpu_throttled_periods_total": 4,
    "sidecar_container_cpu_throttled_seconds_total": 0.3,
    "sidecar_container_memory_bytes": 1000,
    "sidecar_container_memory_working_set_bytes": 700,
    "sidecar_container_memory_limit_bytes": 4000,
    "sidecar_container_memory_events_total high": 2,
    "sidecar_container_memory_events_total max": 3,
    "sidecar_container_memory_events_total oom": 4,
    "sidecar_container_memory_events_total oom_kill": 5,
}


def told(kernel: Kernel) -> dict[str, float]:
    return {
        " ".join([metric.name, *labels]): value
        for metric, labels, value in container_values(kernel.proc, kernel.groups)
    }


def without_pressure(found: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if "pressure" not in name}


@pytest.mark.parametrize("group", ["", "kubepods/pod1/abc"])
def test_version_2_of_control_groups(tmp_path: Path, group: str) -> None:
    kernel = Kernel(tmp_path)
    kernel.version_2(group)
    found = told(kernel)
    assert without_pressure(found) == pytest.approx(_WHOLE)
    for resource in ("cpu", "memory", "io"):
        assert found[f"sidecar_pressure_seconds_total container {resource} some"] == 1.5
        assert found[f"sidecar_pressure_seconds_total container {resource} full"] == 0.25


def test_a_container_sees_its_group_as_the_root(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.version_2()
    kernel.put("proc/self/cgroup", "0::/kubepods/pod1/abc\n")
    assert without_pressure(told(kernel)) == pytest.approx(_WHOLE)


def test_the_nearest_group_with_a_limit_counts(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.version_2("pod")
    kernel.version_2("pod/inner")
    kernel.put("groups/pod/inner/cpu.max", "max 100000\n")
    kernel.put("groups/pod/inner/cpu.stat", "usage_usec 1\n")
    kernel.put("groups/pod/inner/memory.max", "max\n")
    kernel.put("groups/pod/inner/memory.current", "5\n")
    assert without_pressure(told(kernel)) == pytest.approx(_WHOLE)


def test_a_group_without_limits_is_told_all_the_same(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.version_2("pod")
    kernel.put("groups/pod/cpu.max", "max 100000\n")
    kernel.put("groups/pod/memory.max", "max\n")
    missing = {"sidecar_container_cpu_limit", "sidecar_container_memory_limit_bytes"}
    expected = {name: value for name, value in _WHOLE.items() if name not in missing}
    assert without_pressure(told(kernel)) == pytest.approx(expected)


def test_version_1_of_control_groups(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.put("proc/self/cgroup", "4:memory:/m\n2:cpu,cpuacct:/docker/abc\n0::/\n")
    cpu, memory = "groups/cpu/docker/abc", "groups/memory/m"
    kernel.put(f"{cpu}/cpu.cfs_quota_us", "150000\n")
    kernel.put(f"{cpu}/cpu.cfs_period_us", "100000\n")
    kernel.put(f"{cpu}/cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 300000000\n")
    kernel.put("groups/cpuacct/docker/abc/cpuacct.usage", "2500000000\n")
    kernel.put("groups/cpuacct/cpuacct.usage", "1\n")
    kernel.put(f"{memory}/memory.usage_in_bytes", "1000\n")
    kernel.put(f"{memory}/memory.limit_in_bytes", "4000\n")
    kernel.put(f"{memory}/memory.stat", "inactive_file 1\ntotal_inactive_file 300\n")
    kernel.put(f"{memory}/memory.failcnt", "3\n")
    kernel.put(f"{memory}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
    kernel.put("proc/pressure/cpu", PRESSURE.format(2_000_000))
    found = told(kernel)
    only_2 = {f"sidecar_container_memory_events_total {name}" for name in ("high", "oom")}
    expected = {name: value for name, value in _WHOLE.items() if name not in only_2}
    assert without_pressure(found) == pytest.approx(expected)
    assert found["sidecar_pressure_seconds_total host cpu some"] == 2.0
    # A number near 2^63 means no limit, -1 no quota.
    kernel.put(f"{memory}/memory.limit_in_bytes", "9223372036854771712\n")
    kernel.put(f"{cpu}/cpu.cfs_quota_us", "-1\n")
    assert not {"sidecar_container_cpu_limit", "sidecar_container_memory_limit_bytes"} & {
        *told(kernel)
    }


def test_where_there_is_nothing_nothing_is_told(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    assert told(kernel) == {}
    kernel.put("proc/self/cgroup", "0::/a\n")
    assert told(kernel) == {}


@pytest.mark.parametrize("text", ["", "nonsense\n", "usage_usec\n", "max\n", "5 0\n", "\x00 1\n"])
def test_files_that_hold_something_else_do_no_harm(tmp_path: Path, text: str) -> None:
    kernel = Kernel(tmp_path)
    kernel.version_2()
    files = [path for path in kernel.groups.rglob("*") if path.is_file()]
    for path in files:
        path.write_text(text)
    assert told(kernel) == {}
    for path in files:
        path.write_bytes(b"\xff\xfe")
    assert told(kernel) == {}
