"""Everything that tells of the sidecar, put together: log, metrics, and what goes to backends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sidecar.export.courier import Courier
from sidecar.export.frames import Begin
from sidecar.export.wanted import export_settings, metrics_every
from sidecar.telemetry.access_log import STDERR, STREAMS, AccessLog
from sidecar.telemetry.exemplars import Exemplars
from sidecar.telemetry.metric_reader import MetricReader
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.pump import RecordPump, Sink
from sidecar.telemetry.speaker import resource_of

if TYPE_CHECKING:
    from sidecar.ruleset.attachments import Attachments
    from sidecar.ruleset.schema import RuleFile
    from sidecar.telemetry.record import RecordRing

#: How long the last log lines may take to be written.
_LOG_SECONDS: Final = 2.0
#: How long an exporter may take to deliver what it has left, when the sidecar stops.
_EXPORT_SECONDS: Final = 5.0
_HURRIED_SECONDS: Final = 0.5
#: As often as this it is looked whether metrics are due.
_LOOK_SECONDS: Final = 1.0


class TelemetryRoom:
    """Lives as long as its sidecar. ``base`` is where the rule file stands."""

    def __init__(self, file: RuleFile, base: Path, state_dir: Path, *, is_around: bool) -> None:
        self.meters = Meters(file.service)
        self.log = AccessLog(_destination(file, base, is_around=is_around), self.meters)
        self.courier = Courier(self.meters)
        self._base = base
        self._names_traces = file.telemetry.names_traces
        self._spool = state_dir / "spool"
        #: The same for as long as this process runs.
        self._instance = str(uuid4())
        self._pump: RecordPump | None = None
        self._begin: Begin | None = None
        #: What the exporter was begun with, which may lag behind for some seconds.
        self._begun: Begin | None = None
        self._is_changing = False
        self._every: Mapping[str, float] = {}
        self._due: dict[str, float] = {}
        self._reader = MetricReader(self.meters)
        self._tasks: set[asyncio.Task[None]] = set()

    def carry(self, ring: RecordRing, sinks: Sequence[Sink]) -> RecordPump:
        """From now on the records of this ring are told about, to these as well."""
        exemplars = Exemplars(self.meters, are_wanted=self._names_traces)
        self._pump = RecordPump(
            ring, self.meters, [self.log.feed, exemplars.feed, self.courier.feed, *sinks]
        )
        self.log.ship = self.courier.tell
        self.courier.log_event = self.log.log_event
        return self._pump

    async def open(self, file: RuleFile, attachments: Attachments) -> None:
        """Begin to send what the rule file wants to be sent."""
        loop = asyncio.get_running_loop()
        if self._pump is not None:
            self._pump.start(loop)
        self._adopt(file, attachments)
        self._begun = self._begin
        await self.courier.change(self._begin, 0.0)
        self._keep(self._measure())

    def follow(self, file: RuleFile, attachments: Attachments) -> None:
        """What stands in the rule file may have changed."""
        self._adopt(file, attachments)
        if not self._is_changing:
            self._is_changing = True
            self._keep(self._change())

    async def close(self, *, is_hurried: bool) -> None:
        """Tell all that is left, within bounds, and nothing more."""
        for task in self._tasks:
            task.cancel()
        if self._pump is not None:
            self._pump.stop()
        await self._hand_over_metrics([*self._every])
        await self.courier.end(_HURRIED_SECONDS if is_hurried else _EXPORT_SECONDS)
        with suppress(OSError):
            # When nothing is left in it.
            self._spool.rmdir()
        await asyncio.to_thread(self.log.close, _LOG_SECONDS)

    def _adopt(self, file: RuleFile, attachments: Attachments) -> None:
        settings = export_settings(file, attachments.secret, self._base, self._spool, os.environ)
        self._every = metrics_every(file)
        resource = resource_of(file.service, _criticality(file), self._instance, os.environ)
        self._begin = Begin(resource, settings) if settings.backends else None

    async def _change(self) -> None:
        """Have an exporter with the settings as they are; of many changes the last one counts."""
        try:
            while self._begin != self._begun:
                await self.courier.until_there_is_room()
                self._begun = self._begin
                await self.courier.change(self._begin, _EXPORT_SECONDS)
        finally:
            self._is_changing = False

    async def _measure(self) -> None:
        """Hand over all metrics, as often as each backend wants them."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = loop.time()
            due = [name for name in self._every if now >= self._due.get(name, now)]
            if due and self.courier.is_carrying:
                self._due |= {name: now + self._every[name] for name in due}
                await self._hand_over_metrics(due)

    async def _hand_over_metrics(self, backends: Sequence[str]) -> None:
        """All metrics as they are now. When they cannot be read the loop is told, and goes on."""
        if not self.courier.is_carrying:
            return
        try:
            self.courier.measure(await self._reader.read(), backends)
        except Exception as error:  # noqa: BLE001 - a bug here must cost these numbers alone
            told = {"message": "the metrics could not be read", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _criticality(file: RuleFile) -> str:
    return file.criticality.value if file.criticality is not None else ""


def _destination(file: RuleFile, base: Path, *, is_around: bool) -> str:
    logs = file.telemetry.logs
    if is_around and "file" not in logs.model_fields_set:
        # Standard output is the service's.
        return STDERR
    return logs.file if logs.file in STREAMS else str(base / logs.file)
