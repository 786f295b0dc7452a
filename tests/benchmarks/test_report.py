from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from benchmarks import figure
from benchmarks.goals import goals
from benchmarks.report import markdown
from benchmarks.results import Cell, Life, Results
from benchmarks.targets import TARGETS, by_name, grown

#: CPU of each target in the first round; in the second everything costs twice as much.
COST = {"sidecar": 40.0, "envoy-governed": 80.0, "haproxy": 20.0, "nginx": 21.0}
MIB = 1024 * 1024


def cell(number: int, scenario: str, target: str, cpu_us: float, offered: float = 0.0) -> Cell:
    return Cell(
        round=number,
        scenario=scenario,
        target=target,
        requests=10_000,
        seconds=2.0,
        cpu_us=cpu_us * (number + 1),
        user_us=cpu_us * 0.25,
        system_us=cpu_us * 0.75,
        p50_us=300.0,
        p99_us=500.0 + cpu_us,
        direct_p50_us=200.0 if offered else 0.0,
        direct_p99_us=500.0 if offered else 0.0,
        offered=offered,
        others=0.02,
    )


def campaign() -> Results:
    results = Results(
        taken="2026-11-22T20:00:00+00:00",
        rounds=2,
        run_seconds=2,
        machine={
            "processor": "a processor",
            "cores": "2",
            "memory": "8 GiB",
            "kernel": "Linux",
            "distribution": "Debian",
            "hypervisor": "yes",
        },
        versions={"envoy": "1.40.0"},
        proved={"sidecar": {"access": True}, "envoy-governed": {"access": True, "reuse": True}},
        missing={"nginx-governed": "nginx is not installed"},
    )
    more_rules = grown(by_name("sidecar")).name
    for number in range(2):
        for target, cost in COST.items():
            results.cells.extend(
                cell(number, scenario, target, cost)
                for scenario in ("small", "large", "post", "crowd")
            )
            results.cells.extend(
                cell(number, scenario, target, cost, offered=2000.0)
                for scenario in ("moderate", "half")
            )
            results.lives.append(Life(number, target, 0.5, 50 * MIB, 130 * MIB, 200 * MIB))
        results.cells.append(cell(number, "rules", "sidecar", 40.0))
        results.cells.append(cell(number, "alone", "sidecar", 38.0))
        results.cells.append(cell(number, "rules", more_rules, 42.0))
    return results


def row(text: str, title: str, part: str = "CPU per request, 200 B") -> list[str]:
    """The cells of one row of one part of the report."""
    chapter = next(c for c in text.split("\n## ") if c.startswith(part))
    line = next(line for line in chapter.splitlines() if line.startswith(f"| {title} "))
    return [word.strip() for word in line.strip("|").split("|")]


def test_ratios_are_of_pairs() -> None:
    ours = row(markdown(campaign()), "sidecar, pure Python")

    assert ours[1] == "60.0 (50.0–70.0)"
    assert ours[2] == "0.50 (0.50–0.50)"
    assert ours[3] == "2.00 (2.00–2.00)"
    assert ours[4] == "25% : 75%"


def test_latency_is_what_the_proxy_adds() -> None:
    ours = row(markdown(campaign()), "sidecar, pure Python", "Latency")

    assert ours[1:3] == ["100 (100–100)", "40 (40–40)"]


def test_a_missed_rate_is_written_down() -> None:
    results = campaign()
    results.cells[:] = [
        dataclasses.replace(c, kept=c.scenario != "half" or c.round != 1) for c in results.cells
    ]

    assert row(markdown(results), "HAProxy, plain", "Latency")[3].endswith("rate missed in 1")


def test_what_was_not_measured_is_left_open() -> None:
    text = markdown(campaign())

    assert "| Envoy, plain" not in text
    assert "Left out: nginx-governed: nginx is not installed." in text


def test_without_the_peer_there_is_no_ratio() -> None:
    results = campaign()
    results.cells[:] = [c for c in results.cells if c.target != "envoy-governed"]

    assert row(markdown(results), "sidecar, pure Python")[2] == "–"


def test_goals_say_whether_they_were_met() -> None:
    found = {goal.words: goal.met for goal in goals(campaign(), by_name("sidecar"))}

    assert found == {
        "CPU/request, × Envoy governed": True,
        "p99 added at half of its capacity, × Envoy governed": True,
        "CPU/request with 500 rules on other routes, ×": True,
        "CPU/request with 10,000 tracked keys instead of one, ×": None,
        "CPU/request beside 10,000 idle connections, ×": True,
        "memory idle, MiB": True,
        "memory at most, MiB": False,
        "start-up, s": True,
    }


def test_the_table_of_features_shows_proofs() -> None:
    reuse = row(markdown(campaign()), "upstream connections reused", "What is switched on")

    assert reuse[1:] == ["–", "proved"]


def test_columns_line_up() -> None:
    for chapter in markdown(campaign()).split("\n## ")[1:]:
        widths = {len(line) for line in chapter.splitlines() if line.startswith("|")}
        assert len(widths) == 1


def test_draws_both_pictures_and_the_same_again_from_the_same_figures(tmp_path: Path) -> None:
    for name in ("one", "two"):
        figure.draw(campaign(), tmp_path / name)

    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    picture = (tmp_path / "one.svg").read_text()
    assert len(re.findall(r"Envoy, governed", picture)) == 2
    assert all(target.title not in picture for target in TARGETS if target.name not in COST)
    assert (tmp_path / "two.svg").read_text() == picture


def test_the_exporter_is_shown_apart_where_there_is_one() -> None:
    results = campaign()
    results.lives[:] = [
        dataclasses.replace(life, idle_children_bytes=15 * MIB) for life in results.lives
    ]

    found = {goal.words: goal.measured for goal in goals(results, by_name("sidecar"))}

    own = found["memory idle without the exporter's process, MiB"]
    assert own is not None
    assert own.median == 35
