from __future__ import annotations

from sidecar.export.crediting import credit, write_off
from sidecar.export.frames import BackendReport, Report
from sidecar.telemetry.export_metrics import EXPORT_BUCKETS
from sidecar.telemetry.metrics import RECORDS, Meters

NOTHING = Report({}, [])


def counts(*numbers: int) -> list[int]:
    return [*numbers, *[0] * (len(EXPORT_BUCKETS) + 1 - len(numbers))]


def report(scale: int, **changes: object) -> Report:
    backend = BackendReport(
        "files",
        sent={"traces": 2 * scale, "logs": 3 * scale},
        dropped={"logs": {"queue_full": scale}},
        waiting={"logs": 4},
        queue_bytes=100 * scale,
        requests_ok=5 * scale,
        requests_failed=scale,
        request_counts=counts(5 * scale, scale),
        request_seconds=0.5 * scale,
    )
    for name, value in changes.items():
        setattr(backend, name, value)
    return Report({}, [backend], unmade=scale, resident_bytes=scale, cpu_seconds=0.25 * scale)


def test_counts_are_those_of_all_exporters_together() -> None:
    meters = Meters()
    credit(meters, NOTHING, report(1), is_current=True)
    credit(meters, report(1), report(3), is_current=True)
    credit(meters, NOTHING, report(1), is_current=True)
    files = meters.exports.backend("files")
    assert files.sent == {"traces": 8, "logs": 12, "metrics": 0}
    assert files.dropped["logs"].counts["queue_full"] == 4
    assert (files.successes, files.failures) == (20, 4)
    assert files.seconds.counts == counts(20, 4)
    assert files.seconds.total == 2.0
    assert meters.exports.cpu_seconds == 1.0
    assert meters.drops[RECORDS].counts["not_encoded"] == 4


def test_how_it_is_now_is_said_by_the_current_one_alone() -> None:
    meters = Meters()
    credit(meters, NOTHING, report(3, is_up=False, error="no"), is_current=True)
    credit(meters, NOTHING, report(1, is_up=True), is_current=False)
    files = meters.exports.backend("files")
    assert (files.is_up, files.error, files.queue_bytes) == (False, "no", 300)
    assert meters.exports.resident_bytes == 3


def test_what_one_that_is_gone_had_in_memory_is_lost() -> None:
    meters = Meters()
    write_off(meters, report(1), "exporter_died")
    files = meters.exports.backend("files")
    assert files.dropped["logs"].counts["exporter_died"] == 4


def test_words_that_nobody_knows_do_no_harm() -> None:
    meters = Meters()
    odd = {"sent": {"odd": 1}, "dropped": {"logs": {"odd": 2}, "odd": {"odd": 3}}}
    credit(meters, NOTHING, report(1, **odd), is_current=True)
    files = meters.exports.backend("files")
    assert set(files.sent) == {"traces", "logs", "metrics"}
    assert files.dropped["logs"].counts["_OTHER"] == 2
