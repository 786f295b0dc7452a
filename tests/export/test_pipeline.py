from __future__ import annotations

from collections.abc import Sequence

import pytest

from sidecar.export.back_off import BackOff
from sidecar.export.backend import TAKEN, Delivery
from sidecar.export.documents import Documents
from sidecar.export.frames import Logs, Metrics, Records
from sidecar.export.item import Item, Signal
from sidecar.export.lane import Lane
from sidecar.export.ledger import Ledger
from sidecar.export.pipeline import Outlet, Pipeline, resident_bytes
from sidecar.export.shipper import Shipper
from sidecar.proxy.clock import clock
from sidecar.telemetry.log_records import access_log_record
from sidecar.telemetry.signals import LogRecord, Metric, MetricKind, Point, Resource, Span
from sidecar.telemetry.spans import spans_of
from tests.telemetry.records import make_record

LOG = LogRecord(1, 1, "INFO", "some.event", "text", {})
METRIC = Metric("a.b", "Help.", "s", MetricKind.GAUGE, (Point({"x": "y"}, 1, 1, 2.5),))


class Keeping:
    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: list[Item] = []

    def deliver(self, items: Sequence[Item]) -> Delivery:
        self.taken += items
        return TAKEN

    def close(self) -> None:
        pass

    def count(self, signal: Signal) -> int:
        return sum(one.signal is signal for one in self.taken)


def outlet(backend: Keeping) -> Outlet:
    lane = Lane(backend.name, 10**6, BackOff(lambda: 0.0), Ledger())
    encoding = Documents(Resource({"service.name": "order"}), "default")
    return Outlet(encoding, Shipper(lane, backend))


def making(frame: Records) -> tuple[list[Span], list[LogRecord]]:
    spans, logs = [], []
    for record in frame.records:
        if record.method == "BOOM":
            raise ValueError("nothing can be made of this")
        spans += spans_of(record, frame.wall_offset)
        logs.append(access_log_record(record, frame.wall_offset))
    return spans, logs


@pytest.fixture
def backends() -> list[Keeping]:
    return [Keeping("files"), Keeping("otlp")]


@pytest.fixture
def pipeline(backends: list[Keeping]) -> Pipeline:
    found = Pipeline(making, [outlet(one) for one in backends], clock)
    found.start()
    return found


def test_all_backends_get_all_but_metrics_that_are_for_others(
    pipeline: Pipeline, backends: list[Keeping]
) -> None:
    pipeline.take(Records(0.0, [make_record(), make_record(span_id=b"00f067aa0ba902b8")]))
    pipeline.take(Logs([LOG]))
    pipeline.take(Metrics([METRIC], ["otlp"]))
    pipeline.end(20.0)
    for backend, metrics in zip(backends, (0, 1), strict=True):
        assert backend.count(Signal.TRACES) == 2
        assert backend.count(Signal.LOGS) == 3
        assert backend.count(Signal.METRICS) == metrics
    report = pipeline.report()
    assert report.received == {"records": 2, "logs": 1, "metrics": 1}
    assert [one.name for one in report.backends] == ["files", "otlp"]
    assert [one.sent["traces"] for one in report.backends] == [2, 2]
    assert report.resident_bytes == pytest.approx(resident_bytes(), rel=0.5)
    assert report.cpu_seconds > 0


def test_one_that_cannot_be_told_costs_no_other(
    pipeline: Pipeline, backends: list[Keeping]
) -> None:
    pipeline.take(Records(0.0, [make_record(), make_record(method="BOOM"), make_record()]))
    pipeline.end(20.0)
    assert backends[0].count(Signal.TRACES) == 2
    report = pipeline.report()
    assert (report.received["records"], report.unmade) == (3, 1)


def test_memory_is_known() -> None:
    assert resident_bytes() > 1_000_000
