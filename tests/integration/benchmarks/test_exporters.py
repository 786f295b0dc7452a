from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import exporters, programs
from benchmarks.cores import split
from benchmarks.exporters import ALL
from benchmarks.workplace import Workplace


@pytest.mark.slow
@pytest.mark.alone
def test_both_processes_and_the_loop_are_measured(folder: Path) -> None:
    for name in ("nginx", "h2load", "sidecar"):
        try:
            programs.find(name)
        except programs.NotInstalledError as absent:
            pytest.skip(str(absent))

    place = Workplace(folder, 1024)
    taken = exporters.measure(1, 1, place, split(), lambda _: None, variants=[ALL])

    (sample,) = taken.samples[ALL]
    assert min(sample.own_us, sample.exporter_us) > 1.0
    assert min(sample.own_bytes, sample.exporter_bytes) > 5_000_000
    assert len(sample.lags) > 50
    assert taken.told[ALL] > 2_000
