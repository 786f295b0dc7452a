"""The watched shop with an Alertmanager, and faults that make each of its alerts fire."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo_services.load.plan import Client, Request
from demo_services.shop.inventory.api import KNOBS
from demo_services.shop.story.customers import CUSTOMERS, crowd, steps
from demo_services.shop.story.layout import INVENTORY, SERVICES, STOREFRONT, WAREHOUSE
from demo_services.shop.story.operating import sidecar
from demo_services.shop.story.rule_files import COMMITTED
from tests.integration.dashboards.watched_shop import WatchedShop, run_watched_shop
from tests.servers.alertmanager import Alertmanager, run_alertmanager
from tests.servers.webhook import Webhook, run_webhook

_USUAL_PER_SECOND: Final = 30.0
#: The storefront lets 80 through in a second.
_RUSH_PER_SECOND: Final = 140.0
#: The inventory has four workers.
_SLOW_MS: Final = 400.0
_ASKED_PER_SECOND: Final = 50.0
_SHELVES_PER_SECOND: Final = 12.0
_FAULT_SECONDS: Final = 14
_HELD: Final = "rate_limits/each-user"
_TYPO: Final = ("format: sidecar/v1", "format: sidecar/v1\nlistenerz: {}")


@dataclass(frozen=True, slots=True)
class AlertedShop:
    """Everybody between a request and the person who is told."""

    watched: WatchedShop
    alertmanager: Alertmanager
    webhook: Webhook

    def usual(self, seconds: int) -> None:
        """A time in which nothing is wrong."""
        self.watched.play([_customers(seconds, _USUAL_PER_SECOND)])

    def slow_inventory(self) -> None:
        """It is slow and asked for more than it can do; files are mistyped, a rule is held."""
        self.watched.shop.turn(INVENTORY, latency_ms=_SLOW_MS)
        self._hold()
        for name in SERVICES:
            self.watched.shop.rules.edit(name, *_TYPO)
        stock = _asked("/products/1/stock", _ASKED_PER_SECOND)
        self._play_together(_USUAL_PER_SECOND, stock, INVENTORY)

    def inventory_well(self) -> None:
        """The end of all that."""
        self.watched.shop.turn(INVENTORY, latency_ms=KNOBS.latency_ms)
        self._release()
        for name in SERVICES:
            self.watched.shop.rules.restore(name)

    def rush_of_errors(self) -> None:
        """More customers than the storefront takes, which fails; so does the warehouse."""
        self.watched.shop.turn(WAREHOUSE, error_share=1.0)
        self.watched.shop.turn(STOREFRONT, error_share=0.9)
        shelves = _asked("/products/1/shelf", _SHELVES_PER_SECOND)
        self._play_together(_RUSH_PER_SECOND, shelves, WAREHOUSE)

    def rush_over(self) -> None:
        """The end of that."""
        self.watched.shop.turn(WAREHOUSE, error_share=0.0)
        self.watched.shop.turn(STOREFRONT, error_share=0.0)

    def _play_together(self, customers_per_second: float, others: Client, service: str) -> None:
        customers = _customers(_FAULT_SECONDS, customers_per_second)
        self.watched.play([customers], beside={service: others})

    def _hold(self) -> None:
        self._operate("override", _HELD, "--mode", "shadow", "--for", "5m")

    def _release(self) -> None:
        self._operate("override", _HELD, "--lift")

    def _operate(self, *words: str) -> None:
        said = sidecar(self.watched.shop.state_directory(STOREFRONT), *words)
        assert said.status == 0, said.quote


def _customers(seconds: int, per_second: float) -> Client:
    return crowd(CUSTOMERS, steps(CUSTOMERS, seconds, per_second), 1)


def _asked(path: str, per_second: float) -> Client:
    when = steps("asked", _FAULT_SECONDS, per_second)
    return Client(name="others", steps=when, requests=(Request(path=path),))


@contextlib.contextmanager
def run_alerted_shop(profile: str = "demo") -> Iterator[AlertedShop]:
    """Start the shop, and everybody who watches it and tells of it."""
    # What a socket may be called has an end: a short name.
    with tempfile.TemporaryDirectory(prefix="alerts-") as name, run_webhook() as webhook:
        folder = Path(name)
        with (
            run_alertmanager(folder, _configuration(webhook, profile)) as alertmanager,
            run_watched_shop(
                folder, with_alerts=True, profile=profile, alertmanagers=[alertmanager.address]
            ) as shop,
        ):
            yield AlertedShop(shop, alertmanager, webhook)


def _configuration(webhook: Webhook, profile: str) -> str:
    """Alertmanager's, as the command writes it."""
    files = [str(COMMITTED / f"{name}.rules.yaml") for name in SERVICES]
    command = [sys.executable, "-m", "sidecar", "alerts", *files, "--form", "alertmanager"]
    options = [f"--{name}-to={webhook.url}/{name}" for name in ("page", "ticket")]
    done = subprocess.run(
        [*command, "--profile", profile, *options], check=True, capture_output=True, text=True
    )
    return done.stdout
