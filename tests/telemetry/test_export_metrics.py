from __future__ import annotations

from sidecar.telemetry import export_metrics
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.series import series


def test_each_is_in_the_catalogue_and_there_once_a_backend_is_asked_for() -> None:
    declared = {one for one in vars(export_metrics).values() if isinstance(one, Metric)}
    assert declared
    assert declared <= set(METRICS)
    meters = Meters("order")
    assert not declared & {metric for metric, _ in series(meters)}
    meters.exports.wanted(["files"])
    assert declared <= {metric for metric, _ in series(meters)}
