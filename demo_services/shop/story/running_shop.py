"""The shop of one run: four services, with a sidecar around each or without."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import msgspec

from demo_services.processes import NotReady, Process, Processes
from demo_services.shop.story.asking import ask
from demo_services.shop.story.counted import Counted
from demo_services.shop.story.layout import CALLS, SERVICES, STOREFRONT, Layout
from demo_services.shop.story.rule_files import RuleFiles

_READY_WITHIN_SECONDS: Final = 20.0
_SETTLED_WITHIN_SECONDS: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.1


class RunningShop:
    """Starts everything; it ends with ``processes``. Without rules there are no sidecars."""

    def __init__(
        self, processes: Processes, directory: Path, layout: Layout, rules: RuleFiles | None
    ) -> None:
        self._processes = processes
        self._directory = directory
        self._layout = layout
        self._rules = rules
        self._running: dict[str, Process] = {}
        #: What all telemetry of this run is marked with.
        self.run = token_hex(8)

    def start(self) -> None:
        """Start every process at once, and wait until all are ready. Raises NotReady."""
        self._running = {name: self._start(name) for name in SERVICES}
        for name, process in self._running.items():
            process.wait_until(lambda name=name: self._ready(name), _READY_WITHIN_SECONDS)  # type: ignore[misc]

    def stop(self) -> None:
        """End every service and its sidecar; they can be started again."""
        for process in reversed(self._running.values()):
            process.tell_to_end()
        for process in self._running.values():
            process.stop()

    @property
    def governed(self) -> bool:
        """Whether there are sidecars."""
        return self._rules is not None

    @property
    def rules(self) -> RuleFiles:
        """The rule files of the sidecars. Raises ValueError when there are none."""
        if self._rules is None:
            raise ValueError("there are no sidecars")
        return self._rules

    @property
    def entrance(self) -> str:
        """Where customers come in: ``host:port``."""
        return self.address(STOREFRONT)

    def address(self, service: str) -> str:
        """Where a service is reached, through its sidecar if it has one."""
        place = self._layout[service]
        return place.inbound if self.governed else place.app

    def state_directory(self, service: str) -> Path:
        """Where a service's sidecar has its sockets."""
        return self._directory / service  # short: what a socket may be called has an end

    def turn(self, service: str, **knobs: float) -> None:
        """Turn knobs of a service. Raises OSError, ValueError when they cannot be turned so."""
        reply = ask(self._layout[service].knobs, "/_knobs", method="PATCH", body=knobs)
        if reply.status != 200:
            raise ValueError(reply.body.decode())

    def shown(self, service: str) -> Mapping[str, Any]:
        """Its knobs, what it has served, and its ledger."""
        reply = ask(self._layout[service].knobs, "/_knobs")
        return msgspec.json.decode(reply.body, type=dict[str, Any])

    def served(self, service: str) -> int:
        """Requests that it has answered."""
        return sum(self.shown(service)["served"].values())

    def metrics_address(self, service: str) -> str:
        """Where Prometheus finds its sidecar: ``host:port``."""
        return self._layout[service].prometheus

    def counted(self, service: str) -> Counted:
        """What its sidecar has counted so far."""
        return Counted(ask(self.metrics_address(service), "/metrics").body.decode())

    def settled_ledgers(self) -> tuple[int, int]:
        """Pieces in confirmed orders and in reservations, once no order is under way."""
        deadline = time.monotonic() + _SETTLED_WITHIN_SECONDS
        while True:
            orders = self.shown("order")["ledger"]
            if not orders["unsettled"] or time.monotonic() > deadline:
                return orders["pieces"], self.shown("inventory")["ledger"]["pieces"]
            time.sleep(_LOOK_AGAIN_SECONDS)

    def addresses(self) -> dict[str, str]:
        """What a person may want to open or ask, by name."""
        found = {}
        for name, place in self._layout.items():
            found[name] = f"http://{self.address(name)}"
            found[f"{name} knobs"] = f"http://{place.knobs}/_knobs"
            if self.governed:
                found[f"{name} metrics"] = f"http://{place.prometheus}/metrics"
        return found

    def _start(self, name: str) -> Process:
        place, module = self._layout[name], f"demo_services.shop.{name}"
        environment = {"KNOBS_PORT": _port(place.knobs), "DATA_DIR": str(self._directory)}
        if self._rules is None:
            environment["PORT"] = _port(place.app)
            for peer in CALLS[name]:
                environment[f"{peer.upper()}_URL"] = f"http://{self.address(peer)}"
            return self._processes.start(name, module, environment=environment)
        # Where to listen and to call the service is told by its sidecar.
        environment["SIDECAR_STATE_DIR"] = str(self.state_directory(name))
        environment["OTEL_RESOURCE_ATTRIBUTES"] = _attributes(self.run)
        around = ["run", str(self._rules.path(name)), "--", sys.executable, "-m", module]
        return self._processes.start(name, "sidecar", around, environment=environment)

    def _ready(self, name: str) -> bool | None:
        try:
            return ask(self.address(name), "/readyz").status == 200 or None
        except OSError:
            return None


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _attributes(run: str) -> str:
    given = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return f"{given},demo.run={run}".lstrip(",")


def died(process: Process) -> NotReady:
    """The error for a process that ended before its time."""
    return NotReady(f"{process.name} ended early\n{process.log_tail()}")
