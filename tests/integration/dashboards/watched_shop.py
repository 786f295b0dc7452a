"""The demo's shop with real servers that watch it, for tests of what is shown and told of it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from dashboards.preview.command import sources
from dashboards.viewer.view import Sources
from dashboards.viewer.window import Window
from demo_services.load.plan import Client
from demo_services.load.report import Report, Second
from demo_services.processes import Process, Processes
from demo_services.shop.story.customers import plan
from demo_services.shop.story.elsewhere import Elsewhere
from demo_services.shop.story.layout import SERVICES, STOREFRONT, lay_out
from demo_services.shop.story.ports import free_ports
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from demo_services.shop.story.running_shop import RunningShop
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import Address, wait_until
from tests.servers.prometheus import Prometheus, run_prometheus

SCRAPE_SECONDS: Final = 1.0
#: What is counted is scraped within so long, and two scrapes more make sure of it.
_SETTLE_SECONDS: Final = 0.5 * SCRAPE_SECONDS


@dataclass(frozen=True, slots=True)
class Played:
    """Load that has been offered: when, and what the driver counted."""

    report: Report
    #: Seconds since 1970; at ``end`` everything that was counted has been scraped.
    start: float
    end: float

    @property
    def window(self) -> Window:
        """As a panel of the usual width shows it."""
        return Window(self.start, self.end, SCRAPE_SECONDS)


@dataclass(slots=True)
class WatchedShop:
    """A running shop, and who watches it."""

    shop: RunningShop
    prometheus: Prometheus
    elasticsearch: ElasticsearchServer | None
    _processes: Processes
    _folder: Path
    _plans: int = field(default=0)

    @property
    def sources(self) -> Sources:
        """Where the dashboards' data sources lead."""
        documents = self.elasticsearch.url if self.elasticsearch else ""
        return sources(f"http://{self.prometheus.address}", documents)

    def lose_documents(self) -> None:
        """Elasticsearch dies."""
        assert self.elasticsearch is not None
        self.elasticsearch.kill()

    def play(
        self,
        clients: Sequence[Client],
        cues: Sequence[tuple[int, Callable[[], None]]] = (),
        beside: Mapping[str, Client] | None = None,
    ) -> Played:
        """Offer load; do what is to be done so many seconds after it began.

        ``beside`` are clients of other services than the storefront; nobody counts with them.
        """
        began = time.time()
        others = [self._driver(name, [client]) for name, client in (beside or {}).items()]
        report = _followed(self._driver(STOREFRONT, clients), sorted(cues, key=lambda cue: cue[0]))
        for other in others:
            _followed(other, [])
        time.sleep(_SETTLE_SECONDS)
        # What is asked about the last moment is not about a scrape that came too late.
        wait_until(lambda: not self.prometheus.query("up == 0"), "all can be scraped", 60.0)
        return Played(report, began, time.time())

    def _driver(self, service: str, clients: Sequence[Client]) -> Process:
        self._plans += 1
        file = self._folder / f"{self._plans}.plan.json"
        file.write_bytes(msgspec.json.encode(plan(self.shop.address(service), tuple(clients), 1)))
        return self._processes.start(
            f"load-{self._plans}", "demo_services.load", [str(file)], piped=True
        )


def _followed(driver: Process, waiting: list[tuple[int, Callable[[], None]]]) -> Report:
    for event in _events(driver):
        if isinstance(event, Report):
            driver.wait()
            return event
        while waiting and event.second >= waiting[0][0]:
            waiting.pop(0)[1]()
    raise AssertionError(driver.log_tail())


def _events(driver: Process) -> Iterator[Second | Report]:
    for line in driver.output:
        yield msgspec.json.decode(line, type=Second | Report)


@contextlib.contextmanager
def run_watched_shop(
    folder: Path,
    elasticsearch: ElasticsearchServer | None = None,
    *,
    rule_files: Sequence[Path] = (),
    with_alerts: bool = False,
    profile: str = "demo",
    alertmanagers: Sequence[Address] = (),
) -> Iterator[WatchedShop]:
    """Start the shop with its sidecars and a Prometheus that scrapes them each second.

    ``with_alerts`` lets it watch for what the shop's rule files name, in the profile's time.
    """
    layout = lay_out(free_ports())
    elsewhere = Elsewhere(elasticsearch=elasticsearch.url if elasticsearch else "")
    with Processes(folder) as processes:
        shop = RunningShop(
            processes, folder, layout, RuleFiles(COMMITTED, folder, layout, elsewhere.sections({}))
        )
        shop.start()
        watching = folder / "prometheus"
        watching.mkdir()
        alerts = [watching / "alerts.rules.yml"] if with_alerts else []
        with run_prometheus(
            watching,
            [shop.metrics_address(name) for name in SERVICES],
            job="shop",
            rule_files=[*rule_files, *alerts],
            alertmanagers=alertmanagers,
            scrape_seconds=SCRAPE_SECONDS,
            evaluation_seconds=SCRAPE_SECONDS,
        ) as prometheus:
            prometheus.wait_until_scraped()
            for file in alerts:
                # Before it was seen nobody can tell it from a shop that has gone.
                _write_alerts(shop, file, profile)
                prometheus.reload()
            yield WatchedShop(shop, prometheus, elasticsearch, processes, folder)


def _write_alerts(shop: RunningShop, file: Path, profile: str) -> None:
    """The alerts of its rule files, as the command writes them."""
    rules = [str(shop.rules.path(name)) for name in SERVICES]
    command = [sys.executable, "-m", "sidecar", "alerts", *rules, "--form", "prometheus"]
    options = ["--profile", profile, "--out", str(file)]
    subprocess.run([*command, *options], check=True, capture_output=True)
