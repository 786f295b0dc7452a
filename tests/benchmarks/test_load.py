from __future__ import annotations

import json

import pytest

from benchmarks.load import LoadError, read_latencies, read_wrk

TOTALS = {
    "requests": 1000,
    "microseconds": 2_000_000,
    "bytes": 400_000,
    "connect": 0,
    "read": 0,
    "write": 0,
    "status": 0,
    "timeout": 0,
    "p50_us": 610.0,
    "p99_us": 1500.0,
}


def said(**changed: float) -> str:
    return f"Running 2s test\n\nTOTALS {json.dumps({**TOTALS, **changed})}\n"


def test_reads_wrk_totals() -> None:
    load = read_wrk(said())

    assert (load.requests, load.seconds, load.rate) == (1000, 2.0, 500.0)
    assert (load.p50_us, load.p99_us) == (610.0, 1500.0)
    assert load.kept


@pytest.mark.parametrize("kind", ["connect", "read", "write", "status", "timeout"])
def test_one_error_spoils_a_run(kind: str) -> None:
    with pytest.raises(LoadError, match=f"'{kind}': 1"):
        read_wrk(said(**{kind: 1}))


def test_a_run_without_requests_is_none() -> None:
    with pytest.raises(LoadError, match="0 requests"):
        read_wrk(said(requests=0))


def test_silence_is_an_error() -> None:
    with pytest.raises(LoadError, match="no totals: unable to connect"):
        read_wrk("unable to connect")


def log(count: int, apart_us: int, status: int = 200) -> str:
    """Requests at equal distances; the n-th took 100 + n microseconds."""
    return "".join(f"{n * apart_us}\t{status}\t{100 + n}\n" for n in range(count))


def test_latencies_leave_out_the_cold_start() -> None:
    load = read_latencies(log(100, 10_000), expected=100, each=100, connections=1)

    # The first ten are not counted: 110 ... 199 remain.
    assert (load.requests, load.p50_us, load.p99_us) == (100, 155.0, 199.0)


def test_a_kept_rate_is_said_to_be_kept() -> None:
    assert read_latencies(log(100, 10_000), expected=100, each=100, connections=1).kept


def test_a_missed_rate_is_said_to_be_missed() -> None:
    load = read_latencies(log(100, 12_000), expected=100, each=100, connections=1)

    assert not load.kept
    assert load.offered == 100.0


def test_starting_clients_one_by_one_is_not_a_missed_rate() -> None:
    # 40 clients of 50/s for a second, the last of which starts and ends 40 ms after the first.
    rows = [f"{client * 1000 + n * 20_000}\t200\t100\n" for client in range(40) for n in range(50)]

    load = read_latencies("".join(rows), expected=2000, each=50, connections=40)

    assert load.kept
    assert load.rate == pytest.approx(2000, rel=0.03)


def test_another_status_than_2xx_spoils_a_run() -> None:
    with pytest.raises(LoadError, match="1 of them not 2xx"):
        read_latencies(log(9, 1000) + "9000\t503\t80\n", expected=10, each=10, connections=1)


def test_a_request_without_an_end_spoils_a_run() -> None:
    with pytest.raises(LoadError, match="9 of 10 requests ended"):
        read_latencies(log(9, 1000), expected=10, each=10, connections=1)
