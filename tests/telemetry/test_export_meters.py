from __future__ import annotations

from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.declaration import Use
from sidecar.telemetry.export_meters import EXPORTED, ExportMeters
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.reasons import reasons
from sidecar.telemetry.series import series


def samples(meters: Meters, name: str) -> list[tuple[tuple[str, ...], float]]:
    found = [rows for metric, rows in series(meters) if metric.name == name]
    return [
        (labels, float(value))
        for rows in found
        for labels, value in rows
        if not isinstance(value, HistogramCell)
    ]


def value(meters: Meters, name: str, *labels: str) -> float:
    return dict(samples(meters, name))[labels]


def test_all_that_can_be_lost_is_there_from_the_start() -> None:
    meters = ExportMeters().backend("files")
    assert set(meters.sent) == set(EXPORTED)
    for signal in EXPORTED:
        assert set(meters.dropped[signal].counts) == {*reasons(Use.EXPORT_DROP), "_OTHER"}


def test_a_backend_is_counted_on_while_it_is_not_asked_for() -> None:
    meters = Meters("order")
    assert samples(meters, "sidecar_telemetry_sent_total") == []
    meters.exports.wanted(["files", "otlp"])
    meters.exports.backend("files").sent["logs"] = 7
    meters.exports.backend("files").is_up = False
    assert value(meters, "sidecar_telemetry_exporter_up", "files") == 0
    meters.exports.wanted(["otlp"])
    assert value(meters, "sidecar_telemetry_sent_total", "files", "logs") == 7
    assert samples(meters, "sidecar_telemetry_exporter_up") == [(("otlp",), 1)]


def test_what_exporters_lose_stands_beside_what_was_lost_before() -> None:
    meters = Meters("order")
    meters.dropped("records", "exporter_behind", 3)
    meters.exports.backend("elasticsearch").dropped["traces"]("spool_full", 4)
    name = "sidecar_telemetry_dropped_total"
    assert value(meters, name, "", "records", "exporter_behind") == 3
    assert value(meters, name, "elasticsearch", "traces", "spool_full") == 4
