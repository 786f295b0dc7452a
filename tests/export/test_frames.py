from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.frames import (
    MOST_BYTES,
    BackendReport,
    BadFrame,
    Begin,
    End,
    Logs,
    Metrics,
    Order,
    Records,
    Report,
    encode_frame,
    order_reader,
    report_reader,
)
from sidecar.export.settings import ExportSettings, FilesSettings
from sidecar.telemetry.signals import LogRecord, Metric, MetricKind, Point, Resource
from tests.telemetry.records import make_record

ORDERS: list[Order] = [
    Begin(Resource({"service.name": "order"}), ExportSettings(files=FilesSettings("/files"))),
    Records(12.5, [make_record(), make_record(status=503, reason="no_endpoint")]),
    Logs([LogRecord(1, 2, "INFO", "sidecar.started", "it runs", {"sidecar.version": "0.1.0"})]),
    Metrics(
        [Metric("a.b", "Help.", "s", MetricKind.GAUGE, (Point({"x": "y"}, 1, 1, 2.5),))], ["files"]
    ),
    End(5.0),
]
REPORT = Report(
    {"records": 3},
    [BackendReport("files", {"traces": 2}, {"logs": {"queue_full": 1}}, {"logs": 4})],
)


def plain(frames: object) -> object:
    return msgspec.to_builtins(frames)


@given(st.lists(st.integers(1, 2000), min_size=1))
def test_frames_come_whole_out_of_pieces_of_any_size(sizes: list[int]) -> None:
    data = b"".join(map(encode_frame, ORDERS))
    reader = order_reader()
    found: list[Order] = []
    at = step = 0
    while at < len(data):
        size = sizes[step % len(sizes)]
        found += reader.feed(data[at : at + size])
        at, step = at + size, step + 1
    assert plain(found) == plain(ORDERS)
    assert [type(one) for one in found] == [type(one) for one in ORDERS]


def test_a_report_comes_back() -> None:
    assert [*report_reader().feed(encode_frame(REPORT))] == [REPORT]


@pytest.mark.parametrize(
    "data",
    [
        (MOST_BYTES + 1).to_bytes(4, "big"),
        b"\x00\x00\x00\x01\xc1",
        b"\x00\x00\x00\x02\x81\xa0",
        encode_frame(REPORT),
    ],
)
def test_what_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(order_reader().feed(data))
