from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import process_tree

#: A parent that only waits, and a child that computes for a while and then says so.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
child.wait()
"""
CHILD = """
import time
held = bytearray(40_000_000)
while time.process_time() < 0.4: pass
print("ready", flush=True)
input()
"""


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        yield parent
        assert parent.stdin is not None
        parent.stdin.close()


def test_children_are_counted_apart_too(family: subprocess.Popen[bytes]) -> None:
    parent, *children = process_tree.members(family.pid)

    assert process_tree.cpu_time_of(children).scheduled >= 0.4
    assert process_tree.cpu_time_of([parent]).scheduled < 0.4
    assert process_tree.resident_bytes_of(children) > 40_000_000
    assert process_tree.peak_resident_bytes_of(children) > 40_000_000
    whole = process_tree.resident_bytes(family.pid)
    assert whole == process_tree.resident_bytes_of([parent, *children])


def test_counts_what_children_use(family: subprocess.Popen[bytes]) -> None:
    used = process_tree.cpu_time(family.pid)

    assert len(process_tree.members(family.pid)) == 2
    assert used.scheduled >= 0.4
    # Two ways of counting the same: ticks of 10 ms against nanoseconds.
    assert used.user + used.system == pytest.approx(used.scheduled, abs=0.05, rel=0.1)


def test_counts_the_memory_of_children(family: subprocess.Popen[bytes]) -> None:
    assert process_tree.resident_bytes(family.pid) > 40_000_000
    assert process_tree.peak_resident_bytes(family.pid) >= process_tree.resident_bytes(family.pid)


def test_a_process_that_is_gone_counts_nothing() -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        check=True,
        text=True,
    )

    assert process_tree.cpu_time(int(gone.stdout)) == process_tree.CpuTime(0.0, 0.0, 0.0)


def test_two_readings_differ_by_what_was_used_between_them() -> None:
    before = process_tree.cpu_time(os.getpid())
    for _ in range(20):
        Path("/proc/self/stat").read_bytes()

    used = process_tree.cpu_time(os.getpid()).since(before)

    assert 0.0 <= used.scheduled < 5.0
