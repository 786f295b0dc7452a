from __future__ import annotations

from sidecar.model.load import LoadMeter, Window
from sidecar.state.load import Load


def test_the_load_that_is_measured_is_one_that_rules_can_ask() -> None:
    meter: LoadMeter = Load()
    assert meter.last == Window(cpu=None, queue_delay=0.0)
    assert meter.since(meter.closed) == []
