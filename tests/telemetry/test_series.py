from __future__ import annotations

from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.host_metrics import READ
from sidecar.telemetry.series import series
from tests.telemetry.test_families import filled


def test_every_metric_has_its_rows_once_and_a_value_for_each_label() -> None:
    seen = []
    for metric, rows in series(filled()):
        seen.append(metric)
        for labels, _ in rows:
            assert len(labels) == len(metric.labels) - 1, metric.name
    assert sorted(metric.name for metric in seen) == sorted(
        metric.name for metric in METRICS if metric not in READ
    )
