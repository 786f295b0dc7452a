from __future__ import annotations

import pytest

from sidecar.telemetry.cells import Exemplar
from sidecar.telemetry.exemplars import Exemplars
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import ExchangeRecord, Keep, Try
from tests.telemetry.records import make_record

_TRY = b"1111111111111111"


def thousand() -> float:
    return 1000.0


def counted(record: ExchangeRecord, error: str | None = None) -> Meters:
    meters = Meters("order")
    server = meters.server(record.listener, record.route)
    reason = record.reason if error is None else error
    server.open(record.method, record.status, reason).observe(record.seconds)
    return meters


def kept(**changes: object) -> ExchangeRecord:
    return make_record(kept=Keep.SAMPLED, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kept": Keep.SLOW},
        {"status": 503, "reason": "pool_overflow"},
        {"status": 429, "reason": "rate_limited"},
        {"method": "BREW"},
    ],
    ids=str,
)
def test_a_request_that_is_kept_stands_for_the_bucket_it_was_counted_in(
    changes: dict[str, object],
) -> None:
    record = make_record(**{"kept": Keep.SAMPLED, **changes})
    meters = counted(record)
    Exemplars(meters, thousand).feed([record])
    server = meters.servers["inbound", "orders"]
    [cell] = [*server.cells.values(), *server.failed.values()]
    [(bucket, exemplar)] = cell.exemplars.items()
    assert cell.counts[bucket] == 1
    assert exemplar == Exemplar(
        record.seconds,
        record.trace_id.decode(),
        record.started + record.seconds + 1000.0,
        record.span_id.decode(),
    )


def test_what_a_fallback_has_answered_is_found_where_it_was_counted() -> None:
    record = kept(reason="upstream_error", fallback="fallbacks/stock")
    meters = counted(record, error="")
    Exemplars(meters, thousand).feed([record])
    [cell] = meters.servers["inbound", "orders"].cells.values()
    assert len(cell.exemplars) == 1


def test_nobody_is_led_to_a_trace_that_is_not_kept() -> None:
    record = make_record(sampled=True, kept=Keep.NOT)
    meters = counted(record)
    Exemplars(meters, thousand).feed([record, kept(trace_id=b"")])
    assert meters.servers["inbound", "orders"].cells["GET", 200].exemplars == {}


def test_they_can_be_left_out() -> None:
    meters = counted(kept())
    Exemplars(meters, thousand, are_wanted=False).feed([kept()])
    assert meters.servers["inbound", "orders"].cells["GET", 200].exemplars == {}


def test_each_try_stands_for_its_own_bucket() -> None:
    tries = (
        Try(_TRY, 5.0, 5.3, "app", "h:1", 0, "connect_failure"),
        Try(b"2" * 16, 6.0, 6.02, "app", "h:2", 200, ""),
        Try(b"3" * 16, 6.0, 6.02, "app", "gone:3", 200, ""),
    )
    meters = Meters("order")
    failed = meters.client("app", "h:1").open("GET", 0, "connect_failure")
    failed.observe(0.3)
    answered = meters.client("app", "h:2").open("GET", 200)
    answered.observe(0.02)
    record = kept(tries=tries)
    Exemplars(meters, thousand).feed([record])
    trace_id = record.trace_id.decode()
    [exemplar] = failed.exemplars.values()
    assert exemplar[1:] == (trace_id, 1005.3, _TRY.decode())
    assert exemplar.value == pytest.approx(0.3)
    [exemplar] = answered.exemplars.values()
    assert exemplar[1:] == (trace_id, 1006.02, "2" * 16)


def test_what_was_not_counted_makes_no_series() -> None:
    meters = Meters("order")
    record = kept(tries=(Try(_TRY, 5.0, 5.3, "app", "h:1", 200, ""),))
    Exemplars(meters, thousand).feed([record])
    assert (meters.servers, meters.clients) == ({}, {})
    server, client = meters.server("inbound", "orders"), meters.client("app", "h:1")
    Exemplars(meters, thousand).feed([record])
    assert (server.cells, server.failed, client.cells) == ({}, {}, {})
