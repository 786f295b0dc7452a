from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks import programs
from benchmarks.campaign import Campaign, Plan
from benchmarks.cores import split
from benchmarks.load import LoadError
from benchmarks.results import Results
from benchmarks.scenarios import CROWDED, MODERATE, SATURATED, Scenario
from benchmarks.targets import by_name
from benchmarks.workplace import Workplace

CROWD = dataclasses.replace(CROWDED, crowd=50)
PACE = dataclasses.replace(MODERATE, rate=100, connections=10)


@pytest.fixture
def place(folder: Path) -> Workplace:
    for name in ("nginx", "wrk", "h2load"):
        try:
            programs.find(name)
        except programs.NotInstalledError as absent:
            pytest.skip(str(absent))
    return Workplace(folder, 1024)


def carry_out(
    place: Workplace, *scenarios: Scenario, rounds: int = 1, every: tuple[int, int] = (1, 1)
) -> Results:
    told: list[str] = []
    pair = (by_name("nginx"), by_name("nginx-governed"))
    targets = tuple(
        dataclasses.replace(target, every=often) for target, often in zip(pair, every, strict=True)
    )
    plan = Plan(targets, rounds=rounds, run_seconds=1, scenarios=scenarios)
    return Campaign(plan, place, split(), told.append).run()


@pytest.mark.slow
def test_every_target_is_measured_under_every_load(place: Workplace) -> None:
    results = carry_out(place, SATURATED, PACE, CROWD)

    assert {(cell.scenario, cell.target) for cell in results.cells} == {
        (scenario, target)
        for scenario in ("small", "moderate", "crowd")
        for target in ("nginx", "nginx-governed")
    }
    assert all(1.0 < cell.cpu_us < 10_000.0 for cell in results.cells)
    assert all(cell.direct_p50_us > 0.0 for cell in results.cells if cell.offered)
    assert all(life.crowd_bytes >= life.peak_bytes > 1_000_000 for life in results.lives)
    assert results.proved["nginx-governed"]["access"]


@pytest.mark.slow
def test_every_other_round_goes_backwards(place: Workplace) -> None:
    results = carry_out(place, SATURATED, rounds=2)

    assert [cell.target for cell in results.cells] == [
        "nginx",
        "nginx-governed",
        "nginx-governed",
        "nginx",
    ]


@pytest.mark.slow
def test_who_is_measured_now_and_then_is_not_in_every_round(place: Workplace) -> None:
    results = carry_out(place, SATURATED, rounds=2, every=(1, 2))

    assert [cell.target for cell in results.cells] == ["nginx", "nginx-governed", "nginx"]


def test_a_failing_load_ends_the_campaign(place: Workplace) -> None:
    missing = dataclasses.replace(SATURATED, name="missing", title="no such page", path="/none")

    with pytest.raises(LoadError, match=r"nginx, plain, no such page: .*'status'"):
        carry_out(place, missing)


def test_what_is_not_installed_is_left_out(place: Workplace) -> None:
    absent = dataclasses.replace(by_name("nginx"), name="other", program="no-such-program")
    told: list[str] = []
    plan = Plan((absent,), rounds=0)

    results = Campaign(plan, place, split(), told.append).run()

    assert results.missing == {"other": "no-such-program is not installed"}
    assert told == ["left out: nginx, plain: no-such-program is not installed"]
