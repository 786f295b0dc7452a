"""The CPU time that may be used, read as the kernel tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.proxy.host_load import WINDOW_SECONDS, Counter, HostLoad, find_counter
from sidecar.state.load import Load

STAT_OF_GROUP = "usage_usec {}\nuser_usec 5\nsystem_usec 6\n"
STAT_OF_HOST = "cpu  {} 100 200 5000 70 30 20 90 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
TICKS = os.sysconf("SC_CLK_TCK")


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def host(root: Path, groups: str = "0::/\n") -> None:
    put(root, "proc/self/cgroup", groups)
    put(root, "proc/stat", STAT_OF_HOST.format(1000))


def found(root: Path) -> Counter:
    return find_counter(root / "proc", root / "groups")


def test_the_quota_of_the_own_group_counts(tmp_path: Path) -> None:
    host(tmp_path, "0::/pod/container\n")
    put(tmp_path, "groups/pod/container/cpu.max", "150000 100000\n")
    put(tmp_path, "groups/pod/container/cpu.stat", STAT_OF_GROUP.format(2_500_000))
    counter = found(tmp_path)
    assert (counter.processors, counter.seconds()) == (1.5, 2.5)
    assert counter.source.endswith("groups/pod/container")


def test_a_group_without_a_quota_has_that_of_the_one_around_it(tmp_path: Path) -> None:
    host(tmp_path, "0::/pod/container\n")
    put(tmp_path, "groups/pod/container/cpu.max", "max 100000\n")
    put(tmp_path, "groups/pod/container/cpu.stat", STAT_OF_GROUP.format(1))
    put(tmp_path, "groups/pod/cpu.max", "50000 100000\n")
    put(tmp_path, "groups/pod/cpu.stat", STAT_OF_GROUP.format(7_000_000))
    assert found(tmp_path)[1] == 0.5
    assert found(tmp_path).seconds() == 7.0


def test_a_container_sees_its_group_as_the_root(tmp_path: Path) -> None:
    host(tmp_path, "0::/kubepods/pod1/abc\n")
    put(tmp_path, "groups/cpu.max", "200000 100000\n")
    put(tmp_path, "groups/cpu.stat", STAT_OF_GROUP.format(0))
    assert found(tmp_path).processors == 2.0


def test_version_1_of_control_groups(tmp_path: Path) -> None:
    host(tmp_path, "4:memory:/m\n2:cpu,cpuacct:/docker/abc\n0::/\n")
    put(tmp_path, "groups/cpu/docker/abc/cpu.cfs_quota_us", "25000\n")
    put(tmp_path, "groups/cpu/docker/abc/cpu.cfs_period_us", "100000\n")
    put(tmp_path, "groups/cpuacct/docker/abc/cpuacct.usage", "3000000000\n")
    counter = found(tmp_path)
    assert (counter.processors, counter.seconds()) == (0.25, 3.0)


def test_without_a_quota_the_whole_host_counts(tmp_path: Path) -> None:
    host(tmp_path, "1:cpu:/\n0::/\n")
    put(tmp_path, "groups/cpu/cpu.cfs_quota_us", "-1\n")
    put(tmp_path, "groups/cpu/cpu.cfs_period_us", "100000\n")
    put(tmp_path, "groups/cpu.max", "max 100000\n")
    counter = found(tmp_path)
    assert counter.source == "host"
    assert counter.processors == os.cpu_count()
    assert counter.seconds() == (1000 + 100 + 200 + 30 + 20) / TICKS


@pytest.mark.parametrize("stat", ["", "cpu\n", "cpu 1 2 3\n", "cpu a b c d e f g\n", "intr 1 2\n"])
def test_what_cannot_be_read_is_no_counter(tmp_path: Path, stat: str) -> None:
    put(tmp_path, "proc/stat", stat)
    put(tmp_path, "groups/cpu.max", "\n")
    counter = found(tmp_path)
    assert counter.source == "process"
    assert counter.seconds() > 0.0


def test_a_quota_without_its_usage_is_no_counter(tmp_path: Path) -> None:
    host(tmp_path)
    put(tmp_path, "groups/cpu.max", "50000 100000\n")
    put(tmp_path, "groups/cpu.stat", "nr_periods 5\n")
    assert found(tmp_path).source == "host"


class Used:
    """A counter on a virtual clock."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.lost = False

    def read(self) -> float:
        if self.lost:
            raise OSError
        return self.seconds


def run(host_load: HostLoad, used: Used, share: float, seconds: float, now: float) -> float:
    """Ticks of 50 ms during which ``share`` of two processors is used."""
    for _ in range(round(seconds / 0.05)):
        now += 0.05
        used.seconds += share * 2 * 0.05
        host_load.tick(now, 0.004)
    return now


def test_the_share_follows_what_is_used_within_a_second() -> None:
    load, used = Load(), Used()
    host_load = HostLoad(load, Counter("test", 2.0, used.read))
    now = run(host_load, used, 0.5, 1.0, 1000.0)
    assert load.last.cpu == pytest.approx(0.5)
    assert load.last.queue_delay == pytest.approx(0.004)
    assert 3 <= load.closed <= 5
    now = run(host_load, used, 1.5, 1.5, now)
    assert load.last.cpu == pytest.approx(1.0, abs=0.05)
    run(host_load, used, 0.0, 1.5, now)
    assert load.last.cpu == pytest.approx(0.0, abs=0.05)


def test_windows_are_closed_while_the_counter_is_lost() -> None:
    load, used = Load(), Used()
    host_load = HostLoad(load, Counter("test", 2.0, used.read))
    now = run(host_load, used, 0.5, 1.0, 1000.0)
    used.lost = True
    closed = load.closed
    now = run(host_load, used, 0.5, 1.0, now)
    assert load.last.cpu is None
    assert load.closed - closed <= 1.0 / WINDOW_SECONDS + 1
    used.lost = False
    run(host_load, used, 0.5, 1.0, now)
    assert load.last.cpu == pytest.approx(0.5)


def test_it_reads_this_host() -> None:
    counter = find_counter()
    assert counter.processors > 0
    assert counter.seconds() > 0
