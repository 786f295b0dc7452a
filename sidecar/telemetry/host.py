"""What is read of the process and its container when somebody asks."""

from __future__ import annotations

from pathlib import Path

from sidecar.telemetry.container import container_values
from sidecar.telemetry.control_groups import GROUPS, PROC
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.process import process_values

#: Values of labels, ``service`` left out, and the number.
HostRow = tuple[tuple[str, ...], float]


def host_series(proc: Path = PROC, groups: Path = GROUPS) -> list[tuple[Metric, list[HostRow]]]:
    """Every metric of the host that can be had now. Reads files: call it off the loop."""
    rows: dict[Metric, list[HostRow]] = {}
    for metric, value in process_values(proc):
        rows.setdefault(metric, []).append(((), value))
    for metric, labels, value in container_values(proc, groups):
        rows.setdefault(metric, []).append((labels, value))
    return list(rows.items())
