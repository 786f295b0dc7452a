from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import cli
from benchmarks.campaign import Plan
from benchmarks.programs import NotInstalledError
from benchmarks.results import Cell, Results, save
from benchmarks.targets import TARGETS

WHOLE = Plan(TARGETS, rounds=12, run_seconds=2)


@pytest.mark.parametrize(
    "plan, name",
    [
        (WHOLE, "latest"),
        (replace(WHOLE, rounds=11), "quick"),
        (replace(WHOLE, run_seconds=1), "quick"),
        (replace(WHOLE, targets=TARGETS[:2]), "partial"),
        (replace(WHOLE, growth=False), "partial"),
    ],
    ids=["whole", "too few rounds", "too short", "some targets", "no growth"],
)
def test_only_whole_campaigns_are_evidence(plan: Plan, name: str) -> None:
    assert cli.name_of(plan) == name


def test_lists_what_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0

    said = capsys.readouterr().out
    assert all(target.title in said for target in TARGETS)


def test_an_unknown_target_is_said_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--targets", "squid"]) == 1

    said = capsys.readouterr().out
    assert "no target 'squid'; there are: sidecar, sidecar-silent, envoy-governed" in said


def test_renders_again_what_was_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [
        Cell(number, "small", target, 1000, 1.0, cost, 1.0, 2.0, 3.0, 4.0)
        for number in range(3)
        for target, cost in (("sidecar", 30.0), ("envoy-governed", 60.0))
    ]
    machine = dict.fromkeys(
        ("processor", "cores", "memory", "kernel", "distribution", "hypervisor"), "x"
    )
    save(Results("2026-11-22", 3, 1, machine, {}, {}, cells=cells), tmp_path / "mine.json")

    assert cli.main(["render", str(tmp_path / "mine.json")]) == 0

    assert "0.50 (0.50–0.50)" in capsys.readouterr().out
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".md", ".png", ".svg"}


def test_a_missing_load_generator_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(*_: object) -> None:
        raise NotInstalledError("wrk is not installed")

    monkeypatch.setattr(cli, "measure", measure)

    assert cli.main(["--quick"]) == 1
    assert "measured nothing: wrk is not installed" in capsys.readouterr().out
