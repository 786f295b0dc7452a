from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import profiling, programs
from benchmarks.scenarios import SATURATED
from benchmarks.targets import by_name
from benchmarks.workplace import Workplace


@pytest.fixture
def place(folder: Path) -> Workplace:
    for name in ("nginx", "wrk", "sidecar"):
        try:
            programs.find(name)
        except programs.NotInstalledError as absent:
            pytest.skip(str(absent))
    return Workplace(folder, 1024)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("how", ["sample", "calls"])
def test_finds_the_data_path_in_the_sidecar(place: Workplace, how: str) -> None:
    found = profiling.profile(by_name("sidecar"), SATURATED, how, 1, place)

    assert found["requests"] > 100
    assert found["cpu_us"] > 1.0
    own = {Path(file).name for file, _, _, _ in found["own"]}
    assert {"exchange.py", "downstream.py", "upstream.py"} <= own
    # Starting up, half a second of it, is not in the picture; a module that is needed late may be.
    assert sum(share for file, _, _, share in found["own"] if "importlib" in file) < 0.1
