from __future__ import annotations

from pathlib import Path

from sidecar.telemetry.host import host_series
from sidecar.telemetry.host_metrics import READ
from tests.telemetry.kernel import Kernel


def test_a_host_that_tells_everything_has_every_metric(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.process()
    kernel.version_2()
    found = host_series(kernel.proc, kernel.groups)
    assert [metric.name for metric, _ in found] == [
        metric.name for metric in sorted(READ, key=[one for one, _ in found].index)
    ]
    assert {metric for metric, _ in found} == set(READ)
    for metric, rows in found:
        assert len({labels for labels, _ in rows}) == len(rows)
        assert all(len(labels) == len(metric.labels) - 1 for labels, _ in rows)


def test_a_host_that_tells_little_has_fewer(tmp_path: Path) -> None:
    assert [metric.name for metric, _ in host_series(tmp_path, tmp_path)] == ["process_max_fds"]
