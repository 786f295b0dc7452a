from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.exporters import ALL, OFF, SOME, Sample, Taken
from benchmarks.exporters_table import lag_ms, markdown

MIB = 1024 * 1024
SAMPLE = Sample(
    p50_us=500.0,
    p99_us=1_500.0,
    direct_p50_us=200.0,
    direct_p99_us=300.0,
    kept=True,
    own_us=80.0,
    exporter_us=0.0,
    own_bytes=60 * MIB,
    exporter_bytes=0,
    lags=(0.001,) * 1_000,
)
#: How much dearer the rounds were for everybody.
ROUNDS = (1.0, 3.0)


def taken(*, more_p99: float = 200.0, late: float = 0.002) -> Taken:
    found = Taken(2_000, 4)
    for scale in ROUNDS:
        slow = replace(SAMPLE, p99_us=SAMPLE.p99_us * scale)
        found.samples[OFF].append(slow)
        found.samples[SOME].append(
            replace(slow, p99_us=slow.p99_us + 50.0, exporter_us=1.5, exporter_bytes=40 * MIB)
        )
        found.samples[ALL].append(
            replace(
                slow,
                p99_us=slow.p99_us + more_p99,
                exporter_us=90.0,
                lags=(0.001,) * 990 + (late,) * 10,
                kept=scale > 1,
            )
        )
    found.told |= {SOME: 400, ALL: 40_000}
    return found


def row(text: str, words: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {words}"))
    return [word.strip() for word in line.strip("|").split("|")][1:]


def test_differences_are_of_pairs() -> None:
    found = row(markdown(taken(), "here"), "p99, µs more")
    assert found == ["–", "50 (50–50)", "200 (200–200)"]


def test_both_processes_are_shown() -> None:
    text = markdown(taken(), "here")
    assert row(text, "CPU/request of the exporter's")[1] == "1.5 (1.5–1.5)"
    assert row(text, "CPU/request in all")[2] == "90.0 (90.0–90.0)"
    assert row(text, "memory of the exporter's") == ["0 (0–0)", "40 (40–40)", "0 (0–0)"]
    assert row(text, "told") == ["0", "400", "40,000"]
    assert row(text, "rounds in which") == ["0", "0", "1"]


@pytest.mark.parametrize(
    "share, milliseconds", [(0.5, 1.0), (0.985, 1.0), (0.991, 2.0), (0.999, 2.0)]
)
def test_lags_of_all_rounds_are_looked_at_together(share: float, milliseconds: float) -> None:
    assert lag_ms(taken().samples[ALL], share) == pytest.approx(milliseconds)


def test_without_looks_there_is_no_lag() -> None:
    assert lag_ms([], 0.999) == 0.0


@pytest.mark.parametrize(
    "late, words", [(0.006, "5.00: met"), (0.007, "6.00: **not met**")], ids=["at most", "more"]
)
def test_the_loop_is_held_against_what_exporters_cause(late: float, words: str) -> None:
    assert row(markdown(taken(late=late), "here"), "p99.9 of the loop's")[1:] == [
        "0.00: met",
        words,
    ]


@pytest.mark.parametrize("more, met", [(1_000.0, ": met"), (1_001.0, ": **not met**")])
def test_requests_are_held_against_a_millisecond(more: float, met: str) -> None:
    found = row(markdown(taken(more_p99=more), "here"), "p99 of requests")
    assert found[0] == "1"
    assert found[2].endswith(met)
