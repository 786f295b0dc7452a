"""A third stage: a sidecar whose telemetry meets everything that can go wrong on its way.

It tells everything of every request to an Elasticsearch, through a toxiproxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dashboards.preview.command import sources
from dashboards.viewer.view import Sources
from dashboards.viewer.window import Window
from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.dashboards.seen import QUIET, STILL_QUIET, Seen
from tests.integration.documented import Service
from tests.integration.rule_text import rules
from tests.integration.running import exporter_of
from tests.integration.telemetry.accounting import DROPPED, SENT, Driver, delivered, shows
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import Address
from tests.servers.prometheus import Prometheus, run_prometheus
from tests.servers.sidecar import SidecarProcess, sidecar_starter
from tests.servers.toxiproxy import Proxy, Toxiproxy

TELLER: Final = "teller"
NAMESPACE: Final = "telling"
#: What is told is written to disk.
CUT_OFF: Final = "cut off"
#: And there is no room for it any more, nor for a line of the log.
FULL: Final = "full"
BACK: Final = "back"
#: From the one to the other.
ALL_OF_IT: Final = "all of it"
NARROW: Final = "narrow"
KILLED: Final = "killed"
HALTED: Final = "halted"

SCRAPE_SECONDS: Final = 1.0
#: Until the last rate has forgotten what was before.
_FORGET_SECONDS: Final = 5.5
_QUIET_SECONDS: Final = 4.0
_SETTLE_SECONDS: Final = 1.5
#: What is counted begins and ends two scrapes before and after: nothing else is delivered then.
_APART_SECONDS: Final = 3.2
#: At most, on a machine that does much else.
_TOLD_SECONDS: Final = 60.0
_CLIENTS: Final = 4
_USUAL: Final = 0.2
_HURRIED: Final = 0.01
_LATENCY_MS: Final = 700
_HALTED_SECONDS: Final = 3.5
_FIRST: Final = 10
COMPLAINT: Final = "no table is free"
#: A service that has something to say only in trouble: what it says nobody counts.
_CHATTY: Final = f"""
import json, os, sys, time
while True:
    if os.path.exists(sys.argv[1]):
        print(json.dumps({{"level": "error", "message": "{COMPLAINT}"}}), flush=True)
    time.sleep(0.5)
"""
_CPU: Final = "sidecar_telemetry_exporter_cpu_seconds_total"
#: Several times what it needs in a quiet time.
_MUCH_CPU: Final = 0.04
_SLOW: Final = "sidecar_telemetry_export_seconds_sum"


class Told(Seen):
    """What the dashboards say, and what is known otherwise."""

    def __init__(self, places: Sources) -> None:
        super().__init__(places)
        #: Spans, lines and events that were to be told, by what is counted.
        self.expected: dict[str, int] = {}
        #: Of those, how many the sidecar itself says are lost.
        self.lost: dict[str, int] = {}
        #: What the kernel says of the exporter, at the end of the quiet time.
        self.exporter_memory_bytes = 0


@dataclass
class Telling:
    """Everything that is on this stage."""

    sidecar: SidecarProcess
    prometheus: Prometheus
    way: Proxy
    #: The service complains while this file is there.
    trouble: Path
    seen: Told
    driver: Driver = field(default_factory=Driver)

    @contextlib.asynccontextmanager
    async def phase(self, name: str, pause_seconds: float = _USUAL) -> AsyncIterator[None]:
        """While clients ask; what happens in the block is seen under this name."""
        began = time.time()
        async with self.driver.at_work(self.sidecar, _CLIENTS, pause_seconds):
            yield
        await asyncio.sleep(_SETTLE_SECONDS)
        self.seen.windows[name] = Window(began, time.time(), SCRAPE_SECONDS)

    @contextlib.asynccontextmanager
    async def counted(self, name: str) -> AsyncIterator[None]:
        """Phases after which all is delivered that is not lost."""
        began, expected = time.time(), self.driver.expected.total()
        lost = self._lost()
        yield
        await delivered(self.sidecar)
        await asyncio.sleep(_SETTLE_SECONDS)
        self.seen.windows[name] = Window(began, time.time(), SCRAPE_SECONDS)
        self.seen.expected[name] = self.driver.expected.total() - expected
        self.seen.lost[name] = self._lost() - lost
        await asyncio.sleep(_APART_SECONDS)

    def _lost(self) -> int:
        return int(metric(self.sidecar, DROPPED, exporter="elasticsearch"))

    async def told(self, what: str) -> None:
        """Wait until Prometheus has been told of it."""
        await eventually(lambda: bool(self.prometheus.query(what)), what, _TOLD_SECONDS)


@contextlib.contextmanager
def run_telling(
    folder: Path, documents: ElasticsearchServer, toxiproxy: Toxiproxy
) -> Iterator[Told]:
    """Everything happens; then only those are left who remember it."""
    with contextlib.ExitStack() as lasting:
        told = asyncio.run(_performed(folder, documents, toxiproxy, lasting))
        documents.refresh()
        yield told


async def _performed(
    folder: Path,
    documents: ElasticsearchServer,
    toxiproxy: Toxiproxy,
    lasting: contextlib.ExitStack,
) -> Told:
    way = toxiproxy.in_front_of(documents.address)
    service = Service()
    async with scripted.upstream(service) as app:
        with sidecar_starter(folder) as start:
            chatty = ["--", sys.executable, "-c", _CHATTY, str(folder / "trouble")]
            text = _rules(app, way.address, folder)
            sidecar = await asyncio.to_thread(start, text, arguments=chatty)
            watching = run_prometheus(
                folder, [sidecar.addresses["prometheus"]], job="telling",
                scrape_seconds=SCRAPE_SECONDS, evaluation_seconds=SCRAPE_SECONDS,
            )  # fmt: skip
            prometheus = await asyncio.to_thread(lasting.enter_context, watching)
            await asyncio.to_thread(prometheus.wait_until_scraped)
            told = Told(sources(f"http://{prometheus.address}", documents.url))
            await _play(Telling(sidecar, prometheus, way, folder / "trouble", told))
    return told


def _rules(app: Address, elasticsearch: Address, folder: Path) -> str:
    spool = {"folder": str(folder / "spool"), "memory": "1MiB", "disk": "1MiB"}
    cluster = {
        "url": f"http://{elasticsearch}",
        "namespace": NAMESPACE,
        "metrics_every": "1h",
        "spool": spool,
    }
    logs = {
        "file": str(folder / "teller.jsonl"),
        "access": "100%",
        "decisions": "all",
        "application": True,
    }
    telemetry = {
        "logs": logs,
        "traces": {"sample": "100%"},
        "elasticsearch": cluster,
        "prometheus": {"bind": "127.0.0.1:0"},
    }
    nobody = {"name": "nobody", "match": {"path": "/refused"}, "deny": {"method": ["GET"]}}
    return rules(app, service=TELLER, telemetry=telemetry, access=[nobody])


async def _play(stage: Telling) -> None:
    await stage.driver.ask(stage.sidecar, _FIRST)
    # The first time that it is written to, an index is made.
    await shows(stage.sidecar, SENT, _FIRST, _TOLD_SECONDS, signal="traces")
    await delivered(stage.sidecar)
    await asyncio.sleep(_FORGET_SECONDS)
    for quiet in (QUIET, STILL_QUIET):
        async with stage.counted(quiet), stage.phase(quiet):
            await asyncio.sleep(_QUIET_SECONDS)
    stage.seen.exporter_memory_bytes = _resident_bytes(exporter_of(stage.sidecar.pid))
    async with stage.counted(ALL_OF_IT):
        await _cut_off(stage)
    stage.trouble.touch()
    async with stage.phase(NARROW, _HURRIED):
        stage.way.add("latency", latency=_LATENCY_MS)
        await stage.told(f"rate({_SLOW}[4s]) > {_LATENCY_MS / 2000}")
    stage.way.heal()
    async with stage.phase(KILLED):
        os.kill(exporter_of(stage.sidecar.pid), signal.SIGKILL)
        await stage.told("sidecar_telemetry_exporter_restarts_total > 0")
    async with stage.phase(HALTED):
        await _halted(stage.sidecar)


async def _cut_off(stage: Telling) -> None:
    """No document is taken; then there is no room for them; then all that is left is taken."""
    async with stage.phase(CUT_OFF):
        stage.way.down()
        await stage.told("sidecar_telemetry_exporter_up == 0")
        await stage.told("sidecar_telemetry_queue_age_seconds > 8")
    with _no_file_grows(stage.sidecar):
        async with stage.phase(FULL, _HURRIED):
            await stage.told(f'rate({DROPPED}{{reason="spool_full"}}[4s]) > 0')
            await stage.told(f'rate({DROPPED}{{exporter="",signal="logs"}}[4s]) > 0')
            await stage.told(f"rate({_CPU}[4s]) > {_MUCH_CPU}")
    async with stage.phase(BACK):
        stage.way.up()
        await stage.told("sidecar_telemetry_spool_documents == 0")


@contextlib.contextmanager
def _no_file_grows(sidecar: SidecarProcess) -> Iterator[None]:
    """As if its disk were full."""
    before = resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        yield
    finally:
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, before)


async def _halted(sidecar: SidecarProcess) -> None:
    """As if there were no CPU for it at all, for longer than a scrape may take."""
    sidecar.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(_HALTED_SECONDS)
    finally:
        sidecar.process.send_signal(signal.SIGCONT)


def _resident_bytes(pid: int) -> int:
    [line] = [
        one
        for one in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        if one.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1024
