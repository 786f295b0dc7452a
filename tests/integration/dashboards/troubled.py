"""A second stage: sidecars in trouble that the shop's never have, each in its own.

In the quiet time all are asked a little, and everything is well. Then each has its trouble.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from dashboards.preview.command import sources
from dashboards.viewer.window import Window
from tests.integration import scripted
from tests.integration.clients.asking import eventually
from tests.integration.clients.connection import Answer, Connection, Fields
from tests.integration.clients.crowd import Crowd, Question
from tests.integration.dashboards import troubled_rules as rules
from tests.integration.dashboards.contained import Contained
from tests.integration.dashboards.seen import QUIET, STILL_QUIET, Seen
from tests.integration.documented import Service
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import Address
from tests.servers.processes import Process
from tests.servers.prometheus import Prometheus, run_prometheus
from tests.servers.sidecar import SidecarProcess, sidecar_starter

#: Gates, calls and the crowded one have theirs at the same time.
TROUBLE: Final = "trouble"
STRAIN: Final = "strain"
LOST: Final = "lost"

SCRAPE_SECONDS: Final = 1.0
#: Until the last rate has forgotten what was before.
_FORGET_SECONDS: Final = 5.5
_QUIET_SECONDS: Final = 4.0
_SETTLE_SECONDS: Final = 1.5
#: At most, on a machine that does much else.
_TOLD_SECONDS: Final = 60.0

#: In the last half minute rates have shown that the garbage collector was at work, and that one
#: in a hundred timers of the loop was late.
_COLLECTED: Final = (
    f'max_over_time(rate(sidecar_gc_pause_seconds_sum{{service="{rules.DOOMED}"}}[4s])[30s:1s]) > 0'
)
_LATE: Final = (
    "max_over_time(histogram_quantile(0.99, rate(sidecar_loop_lag_seconds_bucket"
    f'{{service="{rules.STRAINED}"}}[4s]))[30s:1s]) > 0.25'
)
_FAILED: Final = "503 Service Unavailable"
_ANN: Final = [("Cookie", "user=ann")]
_BOT: Final = [("User-Agent", "a bot")]
_LISTED: Final = 150_000
_SOME: Final = 4
_HELD_UP_AT_MOST: Final = 20
_HELD_UP_SECONDS: Final = 0.35


@dataclass
class Services:
    """Those behind the sidecars; all on the test's own loop."""

    app: Service = field(default_factory=Service)
    slow: Service = field(default_factory=lambda: Service(seconds=0.3))
    few: Service = field(default_factory=lambda: Service(seconds=0.05))
    stock: Service = field(default_factory=Service)
    flaky: Service = field(default_factory=Service)
    spare: Service = field(default_factory=Service)
    narrow: Service = field(default_factory=lambda: Service(seconds=0.2))
    well: Service = field(default_factory=Service)
    ill: Service = field(default_factory=Service)
    dying: Service = field(default_factory=Service)
    contained: Contained = field(default_factory=Contained)
    #: Where nobody listens any more when this is closed.
    life: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """All listen while the block runs."""
        async with contextlib.AsyncExitStack() as serving, self.life:
            for one in (
                self.app, self.slow, self.few, self.stock, self.flaky, self.spare, self.narrow,
                self.well, self.ill,
            ):  # fmt: skip
                one.address = await serving.enter_async_context(scripted.upstream(one))
            self.dying.address = await self.life.enter_async_context(scripted.upstream(self.dying))
            yield

    @property
    def upstreams(self) -> dict[str, Address]:
        """What the one that calls others calls, besides the one of several addresses."""
        return {
            "app": self.stock.address,
            "flaky": self.flaky.address,
            "spare": self.spare.address,
            "narrow": self.narrow.address,
        }

    @property
    def fleet(self) -> list[Address]:
        """One that stays well, one that will be ill, one that will not be there."""
        return [self.well.address, self.ill.address, self.dying.address]


@dataclass
class Troubled:
    """Everything that is on this stage."""

    services: Services
    sidecars: dict[str, SidecarProcess]
    prometheus: Prometheus
    folder: Path
    seen: Seen

    @contextlib.asynccontextmanager
    async def phase(self, name: str, ended: int = 0) -> AsyncIterator[None]:
        """What happens in the block, until it has been scraped, is seen under this name.

        At its end all sidecars answer Prometheus but for those that have ``ended``: what is asked
        about its last moment is not about a scrape that came too late.
        """
        began = time.time()
        yield
        await asyncio.sleep(_SETTLE_SECONDS)
        there = "all others can be scraped"
        await eventually(lambda: self._silent() == ended, there, _TOLD_SECONDS)
        self.seen.windows[name] = Window(began, time.time(), SCRAPE_SECONDS)

    async def told(self, what: str) -> None:
        """Wait until Prometheus has been told of it."""
        await eventually(lambda: bool(self.prometheus.query(what)), what, _TOLD_SECONDS)

    def _silent(self) -> int:
        return len(self.prometheus.query("up == 0"))


@contextlib.contextmanager
def run_troubled(folder: Path, documents: ElasticsearchServer) -> Iterator[Seen]:
    """Everything happens; then only those are left who remember it."""
    with contextlib.ExitStack() as lasting:
        seen = asyncio.run(_performed(folder, documents, lasting))
        documents.refresh()
        yield seen


async def _performed(
    folder: Path, documents: ElasticsearchServer, lasting: contextlib.ExitStack
) -> Seen:
    services = Services()
    for name in ("scalpers", "listed"):
        _write_list(folder / name, ["eve"])
    async with services.at_work(), scripted.upstream(services.contained) as contained:
        with contextlib.ExitStack() as running:
            sidecars = await _started(running, services, folder, documents.url)
            targets = [one.addresses["prometheus"] for one in sidecars.values()]
            alerts = await asyncio.to_thread(_alerts_of, sidecars[rules.GATES], folder)
            watching = run_prometheus(
                folder, [*targets, contained], job="troubled", rule_files=[alerts],
                scrape_seconds=SCRAPE_SECONDS, evaluation_seconds=SCRAPE_SECONDS,
            )  # fmt: skip
            prometheus = await asyncio.to_thread(lasting.enter_context, watching)
            await asyncio.to_thread(prometheus.wait_until_scraped)
            seen = Seen(sources(f"http://{prometheus.address}", documents.url))
            stage = Troubled(services, sidecars, prometheus, folder, seen)
            async with _usual(stage):
                await _play(stage)
    return seen


async def _started(
    running: contextlib.ExitStack, services: Services, folder: Path, elasticsearch: str
) -> dict[str, SidecarProcess]:
    app = services.app.address
    texts = {
        rules.GATES: rules.gates(app, services.slow.address, folder / "scalpers", elasticsearch),
        rules.CALLS: rules.calls(services.upstreams, services.fleet),
        rules.CROWDED: rules.crowded(services.few.address),
        rules.STRAINED: rules.strained(app, folder / "listed"),
        rules.DOOMED: rules.doomed(app),
    }
    starting = []
    for name, text in texts.items():
        own = folder / name
        own.mkdir()
        start = running.enter_context(sidecar_starter(own))
        starting.append(asyncio.to_thread(start, text))
    return dict(zip(texts, await asyncio.gather(*starting), strict=True))


def _alerts_of(sidecar: SidecarProcess, folder: Path) -> Path:
    file = folder / "alerts.rules.yml"
    command = [sys.executable, "-m", "sidecar", "alerts", str(sidecar.rule_file)]
    options = ["--form", "prometheus", "--profile", "demo", "--out", str(file)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return file


async def _play(stage: Troubled) -> None:
    await asyncio.sleep(_FORGET_SECONDS)
    for quiet in (QUIET, STILL_QUIET):
        async with stage.phase(quiet):
            await asyncio.sleep(_QUIET_SECONDS)
    async with stage.phase(TROUBLE):
        await _trouble(stage)
    async with stage.phase(STRAIN):
        await _strain(stage)
    async with stage.phase(LOST, ended=1):
        await asyncio.to_thread(stage.sidecars[rules.DOOMED].process.kill)


# --- what everybody is asked


def _asks(target: str, fields: Fields = ()) -> Question:
    async def question(connection: Connection) -> Answer:
        return await connection.ask(target, fields=fields)

    return question


def _new_guests() -> Question:
    numbers = count()

    async def question(connection: Connection) -> Answer:
        return await connection.ask(f"/guests?guest={next(numbers)}")

    return question


@contextlib.asynccontextmanager
async def _usual(stage: Troubled) -> AsyncIterator[None]:
    """One client for each of these, who asks some times a second."""
    targets = {
        rules.GATES: ("/", "/slots"),
        rules.CALLS: ("/", "/spared", "/flaky", "/narrow", "/fleet"),
        rules.CROWDED: ("/",),
        rules.STRAINED: ("/",),
    }
    async with contextlib.AsyncExitStack() as asking:
        for name, asked in targets.items():
            crowd = Crowd(stage.sidecars[name].address, 0.3)
            for target in asked:
                crowd.add(target, 1, _asks(target), keep_alive=True)
            await asking.enter_async_context(crowd.at_work())
        yield


# --- rules that act, upstreams that fail, more than there is room for


async def _trouble(stage: Troubled) -> None:
    services = stage.services
    _write_list(stage.folder / "scalpers", ["mallory until: tomorrow"])
    services.stock.seconds = 0.8
    services.flaky.status = services.spare.status = services.ill.status = _FAILED
    services.contained.is_short = True
    await services.life.aclose()
    async with contextlib.AsyncExitStack() as asking:
        for crowd in _crowds(stage):
            await asking.enter_async_context(crowd.at_work())
        await _much_to_read(stage)
        for what in (
            'ALERTS{alertstate="firing"}',
            'sidecar_upstream_up{upstream="fleet"} == 0',
            'sidecar_overload_shed_ratio{priority="low",mode="enforce"} > 0',
        ):
            await stage.told(what)


async def _much_to_read(stage: Troubled) -> None:
    """Very large rule files, until Prometheus has seen the garbage collector at work.

    While one is read, the page of metrics may come too late for it.
    """
    doomed, app = stage.sidecars[rules.DOOMED], stage.services.app.address
    for much in range(1, 4):
        doomed.write_rules(rules.doomed(app, much))
        await stage.told(_reloaded(rules.DOOMED, much))
        await asyncio.sleep(2 * SCRAPE_SECONDS)
        if stage.prometheus.query(_COLLECTED):
            return


def _reloaded(service: str, times: int) -> str:
    loaded = f'sidecar_rules_reloads_total{{service="{service}",result="success"}}'
    return f"{loaded} > {times}"


def _crowds(stage: Troubled) -> Iterator[Crowd]:
    gates = Crowd(stage.sidecars[rules.GATES].address, 0.1)
    gates.add("chaos", 1, _asks("/chaos"), keep_alive=True)
    gates.add("export", 6, _asks("/export"), keep_alive=True)
    gates.add("guests", 1, _new_guests(), keep_alive=True)
    gates.add("shy", 1, _asks("/shy", _ANN), keep_alive=True)
    gates.add("slots", 8, _asks("/slots"), keep_alive=True)
    gates.add("seats", 3, _asks("/seats", _ANN), keep_alive=True)
    gates.add("garbage", 1, _garbage, keep_alive=False)
    yield gates
    calls = Crowd(stage.sidecars[rules.CALLS].address, 0.1)
    calls.add("stock", 2, _asks("/"), keep_alive=True)
    calls.add("flaky", 8, _asks("/flaky"), keep_alive=True)
    calls.add("narrow", 5, _asks("/narrow"), keep_alive=True)
    calls.add("fleet", 2, _asks("/fleet"), keep_alive=True)
    yield calls
    crowded = Crowd(stage.sidecars[rules.CROWDED].address, 0.1)
    crowded.add("crawlers", 24, _asks("/", _BOT), keep_alive=True)
    yield crowded


async def _garbage(connection: Connection) -> Answer:
    await connection.send(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    return await connection.answer()


# --- a process with too much to do, on a machine with too much to do


async def _strain(stage: Troubled) -> None:
    strained, listed = stage.sidecars[rules.STRAINED], stage.folder / "listed"
    crowd = Crowd(strained.address, 0.1)
    crowd.add("some", _SOME, _asks("/"), keep_alive=True)
    async with crowd.at_work(), _kept_open(strained, rules.MOST_CONNECTIONS - _SOME):
        _write_list(listed, [f"user-{number}" for number in range(_LISTED)])
        strained.write_rules(rules.strained(stage.services.app.address, listed, rules.MANY_RULES))
        await stage.told(_reloaded(rules.STRAINED, 1))
        for _ in range(_HELD_UP_AT_MOST):
            await _one_connection_more(strained)
            await _held_up(strained)
            await asyncio.sleep(SCRAPE_SECONDS)
            if stage.prometheus.query(_LATE):
                break
        with _busy_machine(stage.folder):
            await stage.told(f'sidecar_overload_cpu_ratio{{service="{rules.STRAINED}"}} > 0.9')


@contextlib.asynccontextmanager
async def _kept_open(sidecar: SidecarProcess, count: int) -> AsyncIterator[None]:
    """With those of the crowd all the connections that one client may have."""
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(count):
            await opened.enter_async_context(await Connection.open(sidecar.address))
        yield


async def _one_connection_more(sidecar: SidecarProcess) -> None:
    async with await Connection.open(sidecar.address) as refused:
        with contextlib.suppress(OSError):
            await refused.end()


async def _held_up(sidecar: SidecarProcess) -> None:
    """As if there were no CPU for it at all for a while."""
    sidecar.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(_HELD_UP_SECONDS)
    finally:
        sidecar.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def _busy_machine(folder: Path) -> Iterator[None]:
    """More wants to run all the time than there are CPUs; what matters goes before it."""
    forever = [sys.executable, "-c", "import os; os.nice(10)\nwhile True: pass"]
    with contextlib.ExitStack() as running:
        for number in range((os.cpu_count() or 1) + 1):
            running.enter_context(Process("busy", forever, folder / f"busy-{number}.log"))
        yield


def _write_list(path: Path, lines: list[str]) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_text("\n".join([*lines, ""]), encoding="utf-8")
    fresh.replace(path)
