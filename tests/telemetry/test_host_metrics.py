from __future__ import annotations

from sidecar.telemetry import host_metrics
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Metric


def test_all_of_them_are_in_the_catalogue() -> None:
    declared = [one for one in vars(host_metrics).values() if isinstance(one, Metric)]
    assert {*declared} <= {*METRICS}
    assert {*host_metrics.READ} <= {*declared}
