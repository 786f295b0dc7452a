from __future__ import annotations

import pytest

from sidecar.cluster.endpoint import EndpointAddress
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.catalogue import UPSTREAM_CONNECTS as CONNECTS
from sidecar.telemetry.host_metrics import READ
from sidecar.telemetry.metrics import Meters
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


@pytest.mark.parametrize(
    "endpoint, address, port",
    [
        ("127.0.0.1:9000", "127.0.0.1", "9000"),
        ("[::1]:9000", "::1", "9000"),
        (str(EndpointAddress(path="/run/app.sock")), "/run/app.sock", ""),
        ("other", "other", ""),
    ],
)
def test_an_endpoint_is_told_by_address_and_port(endpoint: str, address: str, port: str) -> None:
    meters = Meters("shop")
    meters.client("app", endpoint).connects_total = 1
    (rows,) = (rows for metric, rows in series(meters) if metric is CONNECTS)
    assert [labels for labels, _ in rows] == [("app", address, port)]
