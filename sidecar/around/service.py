"""The service that the sidecar is around: when it is ready, and how both of them end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from sidecar.around.environment import environment_for
from sidecar.around.output import Lost, Output, Taker
from sidecar.around.process import Process
from sidecar.proxy.clock import clock
from sidecar.proxy.health_checks import reach
from sidecar.ruleset.surroundings import Wrapped
from sidecar.telemetry.metrics import LOGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sidecar.cluster.endpoint import Cluster
    from sidecar.proxy.engine import Engine
    from sidecar.ruleset.schema import RuleFile
    from sidecar.telemetry.access_log import AccessLog
    from sidecar.telemetry.metrics import Meters

#: How often it is looked whether the service is there.
_LOOK_SECONDS: Final = 0.05
#: After how long somebody is told that it is not, and how often then.
_PATIENCE_SECONDS: Final = 5.0
#: Signals that mean nothing to the sidecar, and may mean something to the service.
_PASSED_ON: Final = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)
#: How long its last words may take to be passed on.
_OUTPUT_SECONDS: Final = 2.0
#: After so many signals to stop nobody is waited for.
_SIGNALS_AT_MOST: Final = 3


class Service:
    """One run of the service, from its start to its exit status."""

    def __init__(self, command: Sequence[str], stop_seconds: float, file: RuleFile) -> None:
        self._process = Process(command)
        self._stop_seconds = stop_seconds
        self._upstream = file.listeners.inbound.to
        #: What rules are compiled with because of it.
        self.wrapped = Wrapped(_chosen_port(file))
        self._begun = 0.0
        self._told_to_end = 0
        self._number: int | None = signal.SIGTERM
        self._ships = file.telemetry.logs.application
        self._shipped: tuple[Taker, Lost] | None = None
        self._output: Output | None = None

    @property
    def status(self) -> int:
        """Its exit status, as a shell has it; 0 while there is none."""
        return self._process.status or 0

    def log_by(self, log: AccessLog, meters: Meters) -> None:
        """Have what it logs shipped by ``log``, where the rules ask for that."""
        if self._ships:
            self._shipped = (log.tell, partial(meters.dropped, LOGS))

    def start(
        self,
        loop: asyncio.AbstractEventLoop,
        inherited: Mapping[str, str],
        engine: Engine,
        addresses: Mapping[str, str],
        open_files: tuple[int, int] | None,
        gone: Callable[[], None],
    ) -> None:
        """Start it; ``gone`` is called when it ends, whyever. Raises ``CannotStart``."""
        cluster = engine.rules.clusters[self._upstream]
        ports = [one.address.port for one in cluster.endpoints]
        environment = environment_for(inherited, addresses, ports[0] if ports else 0)
        for number in _PASSED_ON:
            loop.add_signal_handler(number, self._process.send, number)
        self._begun = clock()
        if self._shipped is not None:
            self._output = Output(loop.call_soon_threadsafe, *self._shipped)
        self._process.start(loop, environment, open_files, gone, self._output)

    async def until_ready(self, engine: Engine, stop: asyncio.Event) -> bool:
        """Wait until it answers; whether it does, and nobody wants to stop meanwhile."""
        due = clock() + _PATIENCE_SECONDS
        while not stop.is_set():
            cluster = engine.rules.clusters[self._upstream]
            problem = await _problem_of(engine, cluster)
            if not problem:
                return not stop.is_set()
            if clock() >= due:
                due = clock() + _PATIENCE_SECONDS
                self._say_what_is_waited_for(cluster, problem)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
        return False

    def told(self, number: int) -> None:
        """Somebody wants all of this to stop; called for each signal."""
        self._told_to_end += 1
        if self._told_to_end == 1:
            # What is typed at a terminal has come to both of us.
            self._number = number
        elif self._told_to_end < _SIGNALS_AT_MOST:
            self._process.send(number)
        else:
            self._process.kill()

    async def end(self, log: AccessLog) -> None:
        """Pass the signal on and wait, not for ever."""
        if not self._process.runs:
            self._say_that_it_ended(log)
        # At a terminal an interrupt has reached it already; if it has not, this will.
        interrupted = self._process.at_terminal and self._number == signal.SIGINT
        number = signal.SIGTERM if interrupted else self._number
        by_itself = await self._process.end(number, self._stop_seconds)
        if self._output is not None:
            await asyncio.to_thread(self._output.close, _OUTPUT_SECONDS)
        if not by_itself:
            text = f"{self._process.name} did not end within {self._stop_seconds:g}s and was killed"
            self._say(text)
            log.log_event("sidecar.service", "WARN", text)

    def _say_that_it_ended(self, log: AccessLog) -> None:
        """It did so by itself."""
        status, seconds = self.status, clock() - self._begun
        if self._told_to_end:
            return
        how = f"with status {status}" if status <= 128 else f"by signal {status - 128}"
        text = f"{self._process.name} ended {how} after {seconds:.1f}s, and so does the sidecar"
        self._say(text)
        log.log_event("sidecar.service", "ERROR" if status else "WARN", text)

    def _say_what_is_waited_for(self, cluster: Cluster, problem: str) -> None:
        where = cluster.endpoints[0].name if cluster.endpoints else self._upstream
        text = f"still waiting for {self._process.name} to answer at {where}: {problem}"
        self._say(f"{text} (does it listen there? it is told by PORT)")

    def _say(self, text: str) -> None:
        sys.stderr.write(f"sidecar: {text}\n")


async def _problem_of(engine: Engine, cluster: Cluster) -> str:
    """Why requests cannot be sent there yet; empty when they can."""
    if not cluster.endpoints:
        return "no address of it is known"
    return await reach(engine, cluster.endpoints[0], cluster.checks)


def _chosen_port(file: RuleFile) -> int:
    """A free port, where the rules leave it open where the service listens; else 0."""
    addresses = file.upstreams[file.listeners.inbound.to].addresses
    if not any(one.host and not one.port for one in addresses):
        return 0
    with socket.create_server((addresses[0].host, 0)) as server:
        port: int = server.getsockname()[1]
    return port
