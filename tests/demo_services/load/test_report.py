from __future__ import annotations

import msgspec

from demo_services.load.latency import LatencyHistogram
from demo_services.load.report import (
    ClientSecond,
    DriverReport,
    PhaseReport,
    Report,
    Sample,
    Second,
    added,
)

NONE = LatencyHistogram().summary()


def _part(client: str, phase: str, statuses: dict[int, int]) -> PhaseReport:
    return PhaseReport(
        client=client,
        phase=phase,
        seconds=1,
        offered=5,
        statuses=statuses,
        errors={"closed": 1},
        admitted=NONE,
        refused=NONE,
        refusals_incomplete=0,
    )


REPORT = Report(
    phases=(
        _part("one", "quiet", {200: 1}),
        _part("one", "burst", {200: 2, 429: 3}),
        _part("two", "quiet", {200: 4}),
    ),
    driver=DriverReport(lag=NONE, cpu_seconds=0.1, waiting_at_most=0, connections_opened=2),
    refusal=Sample(client="one", status=429, head="HTTP/1.1 429 X\r\nA: b", body=""),
    failure=None,
)
SECOND = Second(
    second=1,
    clients=(
        ClientSecond(
            client="one",
            phase="quiet",
            offered=1,
            admitted=1,
            refused=0,
            failed=0,
            p50_ms=1,
            p99_ms=2,
            outstanding=0,
        ),
    ),
)


def test_parts_are_selected_by_client_and_phase() -> None:
    assert len(REPORT.select()) == 3
    assert [part.phase for part in REPORT.select(client="one")] == ["quiet", "burst"]
    assert [part.client for part in REPORT.select(phase="quiet")] == ["one", "two"]
    assert len(REPORT.select(client="two", phase="burst")) == 0


def test_counts_are_added_over_everything() -> None:
    assert REPORT.statuses() == {200: 7, 429: 3}
    assert REPORT.errors() == {"closed": 3}
    assert added([]) == {}


def test_both_kinds_of_line_are_told_apart_in_json() -> None:
    for event in (REPORT, SECOND):
        assert msgspec.json.decode(msgspec.json.encode(event), type=Second | Report) == event
