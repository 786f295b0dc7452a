from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sidecar.export import attendance
from sidecar.export.attendance import Attendance
from sidecar.export.frames import Begin, End, Logs, Report, encode_frame
from sidecar.export.outbox import Frame
from sidecar.export.settings import ExportSettings, FilesSettings
from sidecar.telemetry.signals import LogRecord, Resource
from tests.export.peer import Exporters

BEGIN = Begin(Resource({"service.name": "order"}), ExportSettings(files=FilesSettings("/files")))


class Told:
    """What was said of an exporter."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.gone = asyncio.Event()
        self.reported = asyncio.Event()

    def report(self, _: Attendance, report: Report) -> None:
        self.reports.append(report)
        self.reported.set()

    def end(self, _: Attendance) -> None:
        self.gone.set()


@pytest.fixture
def exporters(monkeypatch: pytest.MonkeyPatch) -> Exporters:
    found = Exporters()
    monkeypatch.setattr(attendance, "ExporterProcess", found)
    return found


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def attended(exporters: Exporters, told: Told) -> AsyncIterator[Attendance]:
    one = Attendance(asyncio.get_running_loop(), BEGIN, told.report, told.end)
    yield one
    one.give_up()
    await one.ended.wait()
    exporters.die()


def frame(number: int) -> Frame:
    logs = Logs([LogRecord(number, number, "INFO", "some.event", "text", {})])
    return Frame(encode_frame(logs), "logs", 1)


async def test_what_comes_before_the_process_waits_for_it(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    assert attended.put(frame(1))
    await attended.spawn()
    assert attended.pid == 1000
    begin, logs = exporters.last.read()
    assert isinstance(begin, Begin)
    assert begin.settings == BEGIN.settings
    assert isinstance(logs, Logs)
    exporters.last.die()
    await told.gone.wait()


async def test_its_reports_are_told_the_last_one_too(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    await attended.spawn()
    attended.put(frame(1))
    attended.put(frame(2))
    assert attended.lost() == {"logs": 2}
    exporters.last.report(Report({"logs": 1}, []))
    await told.reported.wait()
    assert attended.lost() == {"logs": 1}
    attended.end(3.0)
    *_, end = exporters.last.read()
    assert isinstance(end, End)
    assert end.seconds == 3.0
    exporters.last.report(Report({"logs": 2}, []))
    exporters.last.die()
    await told.gone.wait()
    assert [one.received for one in told.reports] == [{"logs": 1}, {"logs": 2}]
    assert attended.lost() == {}
    await attended.ended.wait()
    assert exporters.last.was_reaped
    assert not attended.put(frame(3))


async def test_what_it_did_not_read_can_be_had_by_another(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    await attended.spawn()
    sent = [frame(number) for number in range(30_000)]
    for one in sent:
        assert attended.put(one)
    exporters.last.die()
    await told.gone.wait()
    unread = attended.unread()
    assert unread
    assert unread == sent[-len(unread) :]
    assert attended.lost() == {"logs": len(sent) - len(unread)}


async def test_nonsense_is_the_end_of_it(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    await attended.spawn()
    exporters.last.socket.sendall(b"\xff" * 8)
    await told.gone.wait()
    await attended.ended.wait()
    assert exporters.last.was_reaped


async def test_one_that_cannot_be_started_is_one_that_has_ended(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    exporters.trouble = OSError(11, "Resource temporarily unavailable")
    attended.put(frame(1))
    await attended.spawn()
    assert told.gone.is_set()
    assert attended.ended.is_set()


async def test_who_is_told_to_end_does_not_wait_to_be_started(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    attended.end(1.0)
    await attended.spawn(pause=1000.0)
    assert len(exporters.last.read()) == 2
    exporters.last.die()
    await told.gone.wait()


async def test_one_that_takes_too_long_is_given_up(
    exporters: Exporters, told: Told, attended: Attendance
) -> None:
    await attended.spawn()
    attended.give_up()
    attended.give_up()
    assert told.gone.is_set()
    await attended.ended.wait()
    exporters.last.die()
