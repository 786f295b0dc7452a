from __future__ import annotations

from sidecar.telemetry import rule_metrics
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.readings import READINGS


def test_each_is_in_the_catalogue_and_some_reading_fills_it() -> None:
    declared = [one for one in vars(rule_metrics).values() if isinstance(one, Metric)]
    assert declared
    assert set(declared) <= set(METRICS)
    assert set(declared) == set(READINGS.values())
