from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from sidecar.export import attendance, courier
from sidecar.export.courier import Courier
from sidecar.export.frames import BackendReport, Begin, End, Logs, Metrics, Order, Records, Report
from sidecar.export.settings import ExportSettings, FilesSettings
from sidecar.telemetry.metrics import LOGS, RECORDS, Meters
from sidecar.telemetry.record import Keep
from sidecar.telemetry.signals import LogRecord, Metric, MetricKind, Resource
from tests.export.peer import Exporters
from tests.telemetry.records import make_record

NONE = ExportSettings(files=FilesSettings("/files"), access=0.0)
LOG = LogRecord(1, 1, "INFO", "some.event", "text", {})
METRIC = Metric("a.b", "Help.", "s", MetricKind.GAUGE, ())


def begin(settings: ExportSettings = NONE) -> Begin:
    return Begin(Resource({"service.name": "order"}), settings)


@pytest.fixture
def exporters(monkeypatch: pytest.MonkeyPatch) -> Exporters:
    found = Exporters()
    monkeypatch.setattr(attendance, "ExporterProcess", found)
    monkeypatch.setattr(courier, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(courier, "_GRACE_SECONDS", 0.0)
    return found


@pytest.fixture
def meters() -> Meters:
    return Meters("order")


@pytest.fixture
async def carrying(meters: Meters, exporters: Exporters) -> AsyncIterator[Courier]:
    one = Courier(meters, lambda: 12.5)
    yield one
    await one.end(0.0)
    exporters.die()


def kept(*spans: bytes) -> list[object]:
    return [make_record(span_id=one, kept=Keep.SAMPLED) for one in spans]


def told(orders: Iterable[Order]) -> list[object]:
    found: list[object] = []
    for order in orders:
        found += order.records if isinstance(order, Records) else []
        found += order.logs if isinstance(order, Logs) else []
        found += order.metrics if isinstance(order, Metrics) else []
    return found


def dropped(meters: Meters, signal: str) -> dict[str, int]:
    return {reason: count for reason, count in meters.drops[signal].counts.items() if count}


async def until(fact: Callable[[], bool]) -> None:
    """Let the loop run until this is so."""
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def test_nothing_is_carried_when_nobody_asks(carrying: Courier, meters: Meters) -> None:
    carrying.feed([make_record(kept=Keep.SAMPLED)])
    carrying.tell([LOG])
    assert not carrying.is_carrying
    await carrying.end(1.0)
    assert dropped(meters, RECORDS) == {}


async def test_what_is_worth_it_is_carried(carrying: Courier, exporters: Exporters) -> None:
    await carrying.change(begin(), 1.0)
    assert carrying.pid == 1000
    worth = [
        make_record(kept=Keep.SAMPLED),
        make_record(fallback="fallbacks/menu", reason="no_endpoint"),
        make_record(status=502, reason="no_endpoint"),
    ]
    carrying.feed([make_record(), *worth, make_record(started=7.0)])
    carrying.feed([make_record()])
    carrying.tell([LOG])
    carrying.measure([METRIC], ["files"])
    orders = exporters.last.read()
    assert told(orders) == [*worth, LOG, METRIC]
    assert [one.wall_offset for one in orders if isinstance(one, Records)] == [12.5]
    exporters.last.die()


async def test_all_is_carried_when_all_requests_are_logged(
    carrying: Courier, exporters: Exporters
) -> None:
    await carrying.change(begin(ExportSettings(files=FilesSettings("/files"))), 1.0)
    carrying.feed([make_record(), make_record(started=7.0)])
    assert len(told(exporters.last.read())) == 2


async def test_whoever_does_not_read_costs_records_and_no_memory(
    carrying: Courier, exporters: Exporters, meters: Meters
) -> None:
    await carrying.change(begin(), 1.0)
    for _ in range(400):
        carrying.feed([make_record(kept=Keep.SAMPLED, target=b"/" * 1000)] * 100)
    lost = dropped(meters, RECORDS)["exporter_behind"]
    assert 0 < lost < 40_000
    read: list[object] = []
    while len(read) < 40_000 - lost:
        read += told(exporters.last.read())
        await asyncio.sleep(0)
    assert len(read) == 40_000 - lost
    exporters.last.die()


async def test_one_that_dies_is_started_again_and_its_losses_are_counted(
    carrying: Courier, exporters: Exporters, meters: Meters
) -> None:
    await carrying.change(begin(), 1.0)
    first = exporters.last
    carrying.feed([make_record(kept=Keep.SAMPLED)] * 5)
    carrying.tell([LOG])
    first.read()
    backend = BackendReport("files", {"traces": 2}, {}, {"logs": 3})
    first.report(Report({"records": 4}, [backend]))
    await until(lambda: meters.exports.backend("files").sent["traces"] == 2)
    first.die()
    await until(lambda: carrying.pid == 0)
    carrying.tell([LOG])
    await until(lambda: len(exporters.started) == 2)
    assert dropped(meters, RECORDS) == {"exporter_died": 1}
    assert dropped(meters, LOGS) == {"exporter_died": 1}
    assert meters.exports.backend("files").dropped["logs"].counts["exporter_died"] == 3
    assert meters.exports.restarts == 1
    orders = exporters.last.read()
    assert isinstance(orders[0], Begin)
    assert told(orders) == [LOG]
    exporters.last.report(Report({}, [BackendReport("files", {"traces": 7}, {}, {})]))
    await until(lambda: meters.exports.backend("files").sent["traces"] == 9)


async def test_other_settings_are_another_exporter_and_the_old_one_ends_in_peace(
    carrying: Courier, exporters: Exporters, meters: Meters
) -> None:
    await carrying.change(begin(), 1.0)
    carrying.tell([LOG])
    old = exporters.last
    await carrying.change(begin(ExportSettings(files=FilesSettings("/others"))), 3.0)
    carrying.tell([LOG, LOG])
    assert len(exporters.started) == 2
    orders = old.read()
    assert told(orders) == [LOG]
    assert ended_within(orders) == 3.0
    assert len(told(exporters.last.read())) == 2
    waiting = BackendReport("files", {"logs": 1}, {}, {}, queue_bytes=77, is_up=False)
    old.report(Report({"logs": 1}, [waiting]))
    old.die()
    files = meters.exports.backend("files")
    await until(lambda: files.sent["logs"] == 1)
    assert (files.queue_bytes, files.is_up) == (0, True), "this is of the one before"
    assert meters.exports.restarts == 0
    assert dropped(meters, LOGS) == {}


async def test_the_end_is_when_the_exporter_has_ended(
    carrying: Courier, exporters: Exporters, meters: Meters
) -> None:
    await carrying.change(begin(), 1.0)
    carrying.tell([LOG])
    ending = asyncio.get_running_loop().create_task(carrying.end(5.0))
    await until(lambda: not carrying.is_carrying)
    assert ended_within(exporters.last.read()) == 5.0
    assert not ending.done()
    exporters.last.report(Report({"logs": 1}, [BackendReport("files", {"logs": 1}, {}, {})]))
    exporters.last.die()
    await ending
    assert exporters.last.was_reaped
    assert meters.exports.backend("files").sent["logs"] == 1
    assert not meters.exports.backend("files").is_wanted


async def test_who_does_not_end_is_given_up(
    carrying: Courier, exporters: Exporters, meters: Meters
) -> None:
    await carrying.change(begin(), 1.0)
    carrying.tell([LOG])
    await carrying.end(0.0)
    assert exporters.last.was_reaped
    assert dropped(meters, LOGS) == {"exporter_died": 1}


async def test_one_that_cannot_be_started_is_tried_again(
    carrying: Courier, exporters: Exporters
) -> None:
    exporters.trouble = OSError(11, "Resource temporarily unavailable")
    await carrying.change(begin(), 1.0)
    carrying.tell([LOG])
    exporters.trouble = None
    await until(lambda: bool(exporters.started))
    assert told(exporters.last.read()) == [LOG]


async def test_who_reads_the_log_learns_of_backends_and_of_the_exporter_itself(
    carrying: Courier, exporters: Exporters
) -> None:
    said: list[tuple[str, ...]] = []

    def say(name: str, severity: str, text: str, /, **attributes: str) -> None:
        said.append((name, severity, text, *attributes.values()))

    carrying.log_event = say
    await carrying.change(begin(), 1.0)
    down = BackendReport("files", {}, {}, {}, is_up=False, error="no room")
    for backend in (down, down, BackendReport("files", {}, {}, {}, requests_ok=1)):
        exporters.last.report(Report({}, [backend]))
    await until(lambda: len(said) == 2)
    exporters.last.die()
    await until(lambda: len(said) == 3)
    assert said == [
        ("sidecar.backend", "WARN", "files does not take what it is sent: no room", "files"),
        ("sidecar.backend", "INFO", "files takes what it is sent again", "files"),
        (
            "sidecar.backend",
            "WARN",
            "the exporter has ended by itself; another is started in 0.01 s",
        ),
    ]


def ended_within(orders: list[Order]) -> float:
    end = orders[-1]
    assert isinstance(end, End)
    return end.seconds


async def test_no_more_than_a_few_are_on_their_way_out(
    carrying: Courier, exporters: Exporters
) -> None:
    await carrying.change(begin(), 1.0)
    await carrying.until_there_is_room()
    await carrying.change(begin(), 60.0)
    await carrying.change(begin(), 60.0)
    waiting = asyncio.get_running_loop().create_task(carrying.until_there_is_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    for one in exporters.started[:-1]:
        one.die()
    async with asyncio.timeout(20):
        await waiting
