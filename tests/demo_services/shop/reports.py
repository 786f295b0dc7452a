"""Load reports with the numbers that a test names."""

from __future__ import annotations

from demo_services.load.latency import LatencyHistogram
from demo_services.load.report import (
    ClientSecond,
    DriverReport,
    PhaseReport,
    Report,
    Second,
)


def latency(count: int, milliseconds: float = 10.0) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for _ in range(count):
        histogram.record(milliseconds / 1000)
    return histogram


def part(
    client: str = "customers",
    phase: str = "normal",
    *,
    admitted: int = 0,
    refused: int = 0,
    failed: int = 0,
    marked: int = 0,
    refusal: int = 429,
    seconds: float = 4.0,
    milliseconds: float = 10.0,
    incomplete: int = 0,
) -> PhaseReport:
    counts = {200: admitted, refusal: refused, 500: failed}
    return PhaseReport(
        client=client,
        phase=phase,
        seconds=seconds,
        offered=admitted + refused + failed,
        statuses={status: count for status, count in counts.items() if count},
        errors={},
        admitted=latency(admitted, milliseconds).summary(),
        refused=latency(refused, 1.0).summary(),
        refusals_incomplete=incomplete,
        marked=marked,
    )


def report(*parts: PhaseReport, lag_ms: float = 0.0) -> Report:
    driver = DriverReport(
        lag=latency(1, lag_ms).summary(), cpu_seconds=0.1, waiting_at_most=0, connections_opened=1
    )
    return Report(phases=parts, driver=driver, refusal=None, failure=None)


def second(
    number: int, *, admitted: int = 40, refused: int = 0, degraded: int = 0, failed: int = 0
) -> Second:
    client = ClientSecond(
        client="customers",
        phase="normal",
        offered=admitted + refused + failed,
        admitted=admitted,
        refused=refused,
        failed=failed,
        marked=degraded,
        p50_ms=20.0 if admitted else 0.0,
        p99_ms=35.0 if admitted else 0.0,
        outstanding=0,
    )
    return Second(second=number, clients=(client,))
