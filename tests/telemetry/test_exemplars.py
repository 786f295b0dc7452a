from __future__ import annotations

import pytest

from sidecar.telemetry.cells import Exemplar
from sidecar.telemetry.exemplars import Exemplars
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import ExchangeRecord
from tests.telemetry.records import make_record


def thousand() -> float:
    return 1000.0


def counted(record: ExchangeRecord) -> Meters:
    meters = Meters("order")
    server = meters.server(record.listener, record.route)
    server.open(record.method, record.status, record.reason).observe(record.seconds)
    return meters


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": 503, "reason": "pool_overflow"},
        {"status": 429, "reason": "rate_limited"},
        {"method": "BREW"},
    ],
    ids=str,
)
def test_a_sampled_request_stands_for_the_bucket_it_was_counted_in(
    changes: dict[str, object],
) -> None:
    record = make_record(sampled=True, **changes)
    meters = counted(record)
    Exemplars(meters, thousand).feed([record])
    server = meters.servers["inbound", "orders"]
    [cell] = [*server.cells.values(), *server.failed.values()]
    [(bucket, exemplar)] = cell.exemplars.items()
    assert cell.counts[bucket] == 1
    assert exemplar == Exemplar(
        record.seconds, record.trace_id.decode(), record.started + record.seconds + 1000.0
    )


def test_what_is_not_sampled_leads_nowhere() -> None:
    record = make_record(sampled=False)
    meters = counted(record)
    Exemplars(meters, thousand).feed([record, make_record(sampled=True, trace_id=b"")])
    assert meters.servers["inbound", "orders"].cells["GET", 200].exemplars == {}


def test_what_was_not_counted_makes_no_series() -> None:
    meters = Meters("order")
    Exemplars(meters, thousand).feed([make_record(sampled=True)])
    assert meters.servers == {}
    server = meters.server("inbound", "orders")
    Exemplars(meters, thousand).feed([make_record(sampled=True)])
    assert (server.cells, server.failed) == ({}, {})
