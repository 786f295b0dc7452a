from __future__ import annotations

from benchmarks import price
from benchmarks.results import Cell, Life, Results

MIB = 1024 * 1024
#: CPU per request of both, and the exporter's part, by round. No two rounds are alike.
COSTS = ((44.0, 40.0, 2.0), (110.0, 100.0, 4.0))


def campaign() -> Results:
    results = Results("2026-11-25", 2, 2, {}, {}, {})
    for number, (loud, silent, child) in enumerate(COSTS):
        for name, cost, own in (("sidecar", loud, child), ("sidecar-silent", silent, 0.0)):
            results.cells.extend(
                Cell(number, scenario, name, 9, 2.0, cost, 1.0, 1.0, 5.0, cost, children_us=own)
                for scenario in ("small", "moderate")
            )
        results.lives.append(
            Life(
                number,
                "sidecar",
                0.9,
                100 * MIB,
                120 * MIB,
                idle_children_bytes=38 * MIB,
                peak_children_bytes=45 * MIB,
                told=1_000,
                lost=2,
            )
        )
        results.lives.append(Life(number, "sidecar-silent", 0.7, 60 * MIB, 70 * MIB))
    return results


def row(text: str, words: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {words}"))
    return [word.strip() for word in line.strip("|").split("|")][1:]


def test_the_price_is_of_pairs() -> None:
    text = price.markdown(campaign())
    assert row(text, "CPU/request, 200 B JSON") == ["1.10 (1.10–1.10)", "3.0 (2.5–3.5) µs"]
    assert row(text, "p99 added, 2,000 req/s")[0] == "7 (6–8)"


def test_what_was_not_measured_is_left_open() -> None:
    assert row(price.markdown(campaign()), "CPU/request, 4 KiB POST")[0] == "–"


def test_memory_and_start_up() -> None:
    text = price.markdown(campaign())
    assert row(text, "memory idle") == ["40 (40–40)", "38 (38–38) MiB"]
    assert row(text, "memory at most") == ["50 (50–50)", "45 (45–45) MiB"]
    assert row(text, "start-up")[0] == "0.200 (0.200–0.200)"


def test_what_was_lost_is_said() -> None:
    assert "2,000 spans, log records and metrics; 4 were lost" in price.markdown(campaign())


def test_there_is_no_price_without_both() -> None:
    results = campaign()
    results.lives[:] = [life for life in results.lives if life.target == "sidecar"]
    assert price.markdown(results) == ""
