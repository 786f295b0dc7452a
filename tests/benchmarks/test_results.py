from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks.results import Cell, Life, Results, load, save

CELL = Cell(
    round=3,
    scenario="small",
    target="envoy",
    requests=20_000,
    seconds=2.0,
    cpu_us=52.123456789,
    user_us=30.0,
    system_us=22.0,
    p50_us=1600.0,
    p99_us=3300.0,
)
LIFE = Life(3, "envoy", 0.075, 67_108_864, 73_400_320, 230_000_000)
RESULTS = Results(
    taken="2026-11-22T20:00:00+00:00",
    rounds=12,
    run_seconds=2,
    machine={"cores": "2"},
    versions={"envoy": "1.40.0"},
    proved={"envoy-governed": {"access": True}},
    missing={"haproxy": "haproxy is not installed"},
    cells=[CELL, CELL],
    lives=[LIFE],
)


def test_what_was_saved_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"

    save(RESULTS, path)

    again = load(path)
    assert again.lives == RESULTS.lives
    assert again.cells[0].cpu_us == pytest.approx(CELL.cpu_us, abs=1e-4)
    assert (again.proved, again.missing, again.rounds) == (
        RESULTS.proved,
        RESULTS.missing,
        RESULTS.rounds,
    )


def test_each_measurement_has_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"

    save(RESULTS, path)

    rows = [line for line in path.read_text().splitlines() if '"scenario": "small"' in line]
    assert len(rows) == 2
    assert json.loads(rows[1])["target"] == "envoy"


def test_an_empty_campaign_is_saved_too(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    empty = Results("now", 0, 2, {}, {}, {})

    save(empty, path)

    assert load(path) == empty


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"format": 0, "cells": [], "lives": []}')

    with pytest.raises(ValueError, match=r"old\.json is not of format 1"):
        load(path)


def test_others_share_is_the_median() -> None:
    cells = [dataclasses.replace(CELL, others=share) for share in (0.0, 0.02, 0.5)]

    assert dataclasses.replace(RESULTS, cells=cells).others_share() == 0.02
    assert dataclasses.replace(RESULTS, cells=[]).others_share() == 0.0


def test_finds_cells_by_round_and_lives_by_target() -> None:
    assert RESULTS.of("small", "envoy") == {3: CELL}
    assert RESULTS.of("small", "nginx") == {}
    assert RESULTS.lives_of("envoy") == [LIFE]
