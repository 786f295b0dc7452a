from __future__ import annotations

from pathlib import Path

from sidecar.telemetry.control_groups import groups_of, upwards
from tests.telemetry.kernel import Kernel


def test_both_versions_are_told_apart(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.put("proc/self/cgroup", "4:memory:/m\n2:cpu,cpuacct:/docker/abc\n0::/user.slice\n")
    assert groups_of(kernel.proc) == {
        "memory": "/m", "cpu": "/docker/abc", "cpuacct": "/docker/abc", "": "/user.slice",
    }  # fmt: skip


def test_where_there_are_none_there_are_none(tmp_path: Path) -> None:
    assert groups_of(tmp_path) == {}
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("nonsense\n\n")
    assert "cpu" not in groups_of(tmp_path)


def test_groups_upwards() -> None:
    assert [str(one) for one in upwards("/a/b")] == ["a/b", "a", "."]
    assert [str(one) for one in upwards("/")] == ["."]
