"""Windows of load: means of what was told, and nobody misses one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.load import Window
from sidecar.state.load import REMEMBERED, UNKNOWN, Load


def test_nothing_is_known_at_first() -> None:
    load = Load()
    assert (load.closed, load.last, load.since(0)) == (0, UNKNOWN, [])
    load.close_window(None)
    assert (load.closed, load.last) == (1, Window(None, 0.0))


def test_the_delay_is_the_mean_wait_in_queues_and_for_the_loop() -> None:
    load = Load()
    for seconds in (0.0, 0.0, 0.03, 0.05):
        load.waited(seconds)
    for seconds in (0.001, 0.003):
        load.lagged(seconds)
    load.close_window(0.4)
    assert load.last.cpu == 0.4
    assert load.last.queue_delay == pytest.approx(0.022)
    load.close_window(0.5)
    assert load.last == Window(0.5, 0.0)


@given(looks=st.lists(st.integers(0, 2 * REMEMBERED), max_size=6))
def test_whoever_looks_now_and_then_sees_every_window_once(looks: list[int]) -> None:
    load, seen, closed = Load(), list[Window](), 0
    for windows in looks:
        for _ in range(windows):
            load.close_window(load.closed / 1e6)
        missed = load.since(closed)
        assert len(missed) == min(windows, REMEMBERED)
        assert missed[-1:] == ([load.last] if windows else [])
        closed = load.closed
        seen += missed
    assert [one.cpu for one in seen] == sorted({one.cpu or 0.0 for one in seen})
