from __future__ import annotations

import gc

from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.gc_pauses import GcPauses


def test_a_pause_is_counted_by_generation() -> None:
    times = iter([10.0, 10.5, 20.0, 22.0, 30.0, 31.0])
    cells = {0: HistogramCell((1.0,)), 2: HistogramCell((1.0,))}
    pauses = GcPauses(cells, lambda: next(times))
    for generation in (0, 2, 1):
        pauses.heard("start", {"generation": generation})
        pauses.heard("stop", {"generation": generation, "collected": 0})
    assert (cells[0].counts, cells[0].total) == ([1, 0], 0.5)
    assert (cells[2].counts, cells[2].total) == ([0, 1], 2.0)


def test_one_that_had_begun_before_is_not_counted() -> None:
    cells = {0: HistogramCell((1.0,))}
    GcPauses(cells).heard("stop", {"generation": 0})
    assert cells[0].count == 0


def test_the_interpreter_tells_of_its_collections() -> None:
    cells = {age: HistogramCell((1.0,)) for age in range(3)}
    with GcPauses(cells):
        gc.collect()
    counted = cells[2].count
    assert counted >= 1
    gc.collect()
    assert cells[2].count == counted
