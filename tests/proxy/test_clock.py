"""The one clock of the data path."""

from __future__ import annotations

from time import get_clock_info

from sidecar.proxy.clock import clock


def test_it_never_goes_back_and_nobody_can_set_it() -> None:
    info = get_clock_info("monotonic")
    assert info.monotonic
    assert not info.adjustable
    readings = [clock() for _ in range(1000)]
    assert readings == sorted(readings)
    assert info.resolution < 1e-3
