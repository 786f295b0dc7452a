"""The demo from beginning to end: start everything, offer the load, say what held, end it all."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from demo_services.hello import counts, rules, story
from demo_services.hello.checks import Witness, checks
from demo_services.hello.rules import ClientLimit
from demo_services.hello.screen import Screen
from demo_services.load.report import Report, Sample, Second
from demo_services.processes import NotReady, Process, Processes

_READY_WITHIN_SECONDS: Final = 15
#: What was counted last may show a moment after its answer has arrived.
_COUNTED_WITHIN_SECONDS: Final = 2
_LOOK_AGAIN_SECONDS: Final = 0.1


class Service(msgspec.Struct, frozen=True):
    """The running shop: ``host:port`` for customers, and for its knobs."""

    address: str
    control: str


class Sidecar(msgspec.Struct, frozen=True):
    """The running sidecar: where it listens, and the rule file that it follows."""

    process: Process
    inbound: str
    prometheus: str
    rules: Path
    limit: ClientLimit


class Demo:
    """One run; what it writes goes to ``directory``, what it starts ends with the context."""

    def __init__(self, screen: Screen, directory: Path, processes: Processes) -> None:
        self._screen = screen
        self._directory = directory
        self._processes = processes

    def start_service(self) -> Service:
        """Start the shop. Raises NotReady."""
        file = self._directory / "service.addresses.json"
        arguments = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
        process = self._processes.start(
            "service", "demo_services.hello.service", [*arguments, "--addresses", str(file)]
        )
        addresses = process.wait_for_addresses(file, _READY_WITHIN_SECONDS)
        self._screen.say(f"service  http://{addresses['service']}  (pid {process.pid})")
        return Service(addresses["service"], addresses["control"])

    def start_sidecar(self, service: Service, rule_file: Path) -> Sidecar:
        """Start a sidecar in front of the shop. Raises NotReady, UnfitRules."""
        copy = rules.ready_for_run(rule_file, service.address, self._directory)
        process = self._processes.start(
            "sidecar",
            "sidecar",
            ["run", str(copy)],
            environment={"SIDECAR_STATE_DIR": str(self._directory / "state")},
        )
        file = self._directory / "state" / "addresses.json"
        addresses = process.wait_for_addresses(file, _READY_WITHIN_SECONDS)
        limit = rules.client_limit(copy)
        self._screen.say(f"sidecar  http://{addresses['inbound']}  (pid {process.pid})")
        self._screen.say(
            f"rule     {limit.rule}: {limit.per_second:g} requests a second for each client, "
            f"{limit.burst:g} at once"
        )
        return Sidecar(process, addresses["inbound"], addresses["prometheus"], copy, limit)

    def run_bare(self, service: Service, seconds: float) -> bool:
        """The load on the service alone. Nobody holds a limit, so none is asserted."""
        report = self._offer(service.address, seconds)
        self._screen.summary(report)
        self._screen.say(
            "\nNobody stood in between, so nothing was promised and nothing is checked."
        )
        return True

    def run_governed(self, sidecar: Sidecar, service: Service, seconds: float) -> bool:
        """The load through the sidecar; whether every promise was kept."""
        before = self._witness(sidecar, service)
        report = self._offer(sidecar.inbound, seconds)
        witness = self._settled_witness(sidecar, service, before, report)
        self._screen.summary(report)
        for sample in filter(None, (report.refusal, report.failure)):
            self._screen.answer(sample, self._log_line(sample))
        results = list(checks(report, sidecar.limit, witness))
        self._screen.verdict(results)
        held = all(check.kept for check in results)
        if not held:
            self._screen.verbatim(sidecar.process.log_tail())
        return held

    def stay(self, addresses: Mapping[str, str], rule_file: Path | None) -> None:
        """Leave everything running until Ctrl-C."""
        self._screen.addresses(addresses, rule_file)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()

    def _offer(self, target: str, seconds: float) -> Report:
        """Run the load driver in a process of its own, so that this terminal cannot slow it."""
        plan = self._directory / "plan.json"
        plan.write_bytes(msgspec.json.encode(story.plan(target, seconds)))
        driver = self._processes.start("load", "demo_services.load", [str(plan)], piped=True)
        for line in driver.output:
            event = msgspec.json.decode(line, type=Second | Report)
            if isinstance(event, Report):
                return event
            self._screen.second(event)
        raise NotReady(f"the load driver ended early\n{driver.log_tail()}")

    def _witness(self, sidecar: Sidecar, service: Service) -> Witness:
        return counts.witness(sidecar.prometheus, service.control, sidecar.limit.rule)

    def _settled_witness(
        self, sidecar: Sidecar, service: Service, before: Witness, report: Report
    ) -> Witness:
        """What was counted during the run, once as much was counted as there were answers."""
        deadline = time.monotonic() + _COUNTED_WITHIN_SECONDS
        answers = sum(report.statuses().values())
        while True:
            found = counts.between(before, self._witness(sidecar, service))
            if sum(found.sidecar_statuses.values()) >= answers or time.monotonic() > deadline:
                return found
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _log_line(self, sample: Sample) -> str | None:
        """The line that the sidecar wrote about this decision."""
        decision = sample.field("x-sidecar-decision")
        log = self._directory / rules.ACCESS_LOG
        if decision is None or not log.exists():
            return None
        with log.open() as lines:
            return next((line.strip() for line in lines if decision in line), None)


def check_addresses() -> None:
    """Whether both clients can have their addresses. Raises OSError with what to do."""
    for address in (story.GREEDY_ADDRESS, story.MODEST_ADDRESS):
        with socket.socket() as probe:
            try:
                probe.bind((address, 0))
            except OSError as error:
                advice = f"on macOS: sudo ifconfig lo0 alias {address} up"
                raise OSError(
                    f"this machine does not have the address {address}; {advice}"
                ) from error
