"""What it does with processes and backends is tested with real ones, in tests/integration."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.export import attendance
from sidecar.export.frames import Begin, End, Logs, Metrics, Records
from sidecar.ruleset.attachments import NOTHING_ATTACHED
from sidecar.ruleset.schema import RuleFile
from sidecar.telemetry.record import Keep, RecordRing
from sidecar.telemetry_room import TelemetryRoom
from tests.export.peer import Exporters, FakeExporter
from tests.telemetry.records import make_record


def rule_file(**telemetry: Any) -> RuleFile:
    return RuleFile.model_validate({
        "format": "sidecar/v1",
        "service": "order",
        "criticality": "high",
        "listeners": {"inbound": {"bind": "127.0.0.1:8080", "to": "app"}},
        "upstreams": {"app": {"url": "http://127.0.0.1:9000"}},
        "telemetry": {"logs": {"file": "sidecar.log"}, **telemetry},
    })  # fmt: skip


@pytest.fixture
def exporters(monkeypatch: pytest.MonkeyPatch) -> Exporters:
    found = Exporters()
    monkeypatch.setattr(attendance, "ExporterProcess", found)
    return found


class Opened:
    """A room with a ring, and what came of both."""

    def __init__(self, folder: Path, file: RuleFile, exporters: Exporters) -> None:
        self.folder = folder
        self.exporters = exporters
        self.ring = RecordRing(8)
        self.room = TelemetryRoom(file, folder, folder / "state", is_around=False)
        self.room.carry(self.ring, [])

    async def close(self) -> None:
        closing = asyncio.get_running_loop().create_task(self.room.close(is_hurried=True))
        while self.room.courier.is_carrying:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        self.exporters.die()
        await closing

    def log(self) -> list[str]:
        lines = (self.folder / "sidecar.log").read_text().splitlines()
        return [json.loads(line)["event_name"] for line in lines]


@pytest.fixture
async def opened(tmp_path: Path, exporters: Exporters) -> AsyncIterator[Opened]:
    file = rule_file(files={"folder": "told"})
    found = Opened(tmp_path, file, exporters)
    await found.room.open(file, NOTHING_ATTACHED)
    yield found
    await found.close()


async def test_without_a_backend_there_is_a_log_and_no_exporter(
    tmp_path: Path, exporters: Exporters
) -> None:
    file = rule_file()
    opened = Opened(tmp_path, file, exporters)
    await opened.room.open(file, NOTHING_ATTACHED)
    opened.ring.append(make_record())
    opened.room.log.log_event("sidecar.started", "INFO", "it runs")
    await opened.close()
    assert sorted(opened.log()) == ["sidecar.request", "sidecar.started"]
    assert not exporters.started


async def test_records_events_and_numbers_are_told_the_last_ones_too(opened: Opened) -> None:
    exporter = opened.exporters.last
    opened.room.log.log_event("sidecar.started", "INFO", "it runs", pid=7)
    opened.ring.append(make_record(kept=Keep.SAMPLED))
    closing = asyncio.get_running_loop().create_task(opened.room.close(is_hurried=True))
    while opened.room.courier.is_carrying:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    begin, *told, end = exporter.read()
    assert isinstance(begin, Begin)
    assert begin.resource.attributes["service.criticality"] == "high"
    assert begin.settings.files is not None
    assert begin.settings.files.folder == str(opened.folder / "told")
    assert [type(one) for one in told] == [Logs, Records, Metrics]
    assert isinstance(told[0], Logs)
    assert told[0].logs[0].event_name == "sidecar.started"
    assert told[0].logs[0].attributes == {"process.pid": 7}
    assert isinstance(told[2], Metrics)
    assert told[2].backends == ["files"]
    assert isinstance(end, End)
    opened.exporters.die()
    await closing


async def test_other_settings_are_another_exporter(opened: Opened) -> None:
    first = opened.exporters.last
    same = rule_file(files={"folder": "told"})
    opened.room.follow(same, NOTHING_ATTACHED)
    await asyncio.sleep(0)
    assert opened.exporters.last is first
    opened.room.follow(rule_file(files={"folder": "others"}), NOTHING_ATTACHED)
    async with asyncio.timeout(20):
        while opened.exporters.last is first:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    one, two = first.read(), opened.exporters.last.read()
    assert isinstance(one[-1], End)
    assert isinstance(two[0], Begin)
    assert isinstance(one[0], Begin)
    instances = [begin.resource.attributes["service.instance.id"] for begin in (one[0], two[0])]
    assert instances[0] == instances[1], "it is the same process that speaks"


async def test_numbers_that_cannot_be_read_cost_nothing_but_themselves(opened: Opened) -> None:
    caught: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: caught.append(context["message"])
    )
    # No port is a word: a bug, as far as anybody knows.
    opened.room.meters.client("app", "127.0.0.1:http").connects_total = 1
    await opened.close()
    assert caught == ["the metrics could not be read"]


async def test_of_many_changes_within_a_moment_the_last_one_counts(opened: Opened) -> None:
    for number in range(20):
        opened.room.follow(rule_file(files={"folder": f"told-{number}"}), NOTHING_ATTACHED)
        await asyncio.sleep(0.01)
    assert len(opened.exporters.started) <= 4, "one that carries, and few on their way out"
    before = opened.exporters.last
    for one in opened.exporters.started[:-1]:
        one.die()
    async with asyncio.timeout(20):
        while opened.exporters.last is before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert folder_of(opened.exporters.last).endswith("told-19")
    assert len(opened.exporters.started) <= 5


def folder_of(exporter: FakeExporter) -> str:
    """Where the exporter was told to write to; nothing when it has not been told."""
    for order in exporter.read():
        if isinstance(order, Begin) and order.settings.files is not None:
            return order.settings.files.folder
    return ""
