from __future__ import annotations

import json
import os
import signal
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import profiled
from benchmarks.profiled import BEGIN, Sampler, counted, sampled
from benchmarks.profiling import show, under_profiler
from benchmarks.running import PROJECT
from benchmarks.targets import by_name


def compute() -> int:
    return sum(number * number for number in range(200_000))


def busy() -> None:
    os.kill(os.getpid(), BEGIN)
    for _ in range(10):
        compute()


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = signal.getsignal(BEGIN), signal.getsignal(signal.SIGPROF)
    yield
    signal.signal(BEGIN, before[0])
    signal.signal(signal.SIGPROF, before[1])


def own_shares(path: Path) -> dict[str, float]:
    return {name: share for _, _, name, share in json.loads(path.read_text())["own"]}


def test_samples_find_what_is_hot(tmp_path: Path) -> None:
    sampled(busy, tmp_path / "profile.json")

    shares = own_shares(tmp_path / "profile.json")
    assert max(shares, key=lambda name: shares[name]).startswith("compute.")
    assert sum(shares.values()) == pytest.approx(1.0)


def test_nothing_is_sampled_before_it_begins(tmp_path: Path) -> None:
    sampled(lambda: None, tmp_path / "profile.json")

    assert own_shares(tmp_path / "profile.json") == {}


def test_calls_are_counted(tmp_path: Path) -> None:
    counted(busy, tmp_path / "profile.json")

    found = json.loads((tmp_path / "profile.json").read_text())
    calls = {name: count for _, _, name, count in found["calls"]}
    assert calls["compute"] == 10
    shares = own_shares(tmp_path / "profile.json")
    assert max(shares, key=lambda name: shares[name]) == "<genexpr>"


def test_a_sampler_that_stopped_samples_no_more() -> None:
    sampler = Sampler()
    sampler.start()
    sampler.stop()
    before = sampler.samples

    compute()

    assert sampler.samples == before


def test_the_profiler_is_put_around_the_same_command() -> None:
    command = under_profiler(by_name("sidecar"), "sample").command

    assert command[:4] == ("{program:python}", "-m", profiled.__name__, "sample")
    assert command[-2:] == ("run", "{config}")


def test_shows_places_without_this_machines_folders(capsys: pytest.CaptureFixture[str]) -> None:
    library = Path(sysconfig.get_path("stdlib")) / "heapq.py"
    own = [[str(PROJECT / "sidecar" / "app.py"), 10, "run", 0.5], [str(library), 5, "merge", 0.25]]
    found = {"own": own, "whole": own, "requests": 10, "cpu_us": 40.0, "system_share": 0.5}

    show(found, Console(width=160), top=5)

    said = capsys.readouterr().out
    assert " 50.0%  50.0%  sidecar/app.py:10 run\n" in said
    assert " 25.0%  25.0%  heapq.py:5 merge\n" in said
