"""Puts everything together: the only place that knows all parts. Starts, drains, stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from sidecar.around.service import Service
from sidecar.control_room import ControlRoom
from sidecar.listening import Listening, Renewal, certificate, in_attributes, wanted
from sidecar.model.addresses import Address
from sidecar.proxy.clock import clock
from sidecar.proxy.descriptors import raise_limit, shortage
from sidecar.proxy.discovery import Discovery
from sidecar.proxy.doors import Doors
from sidecar.proxy.engine import Engine
from sidecar.proxy.handover import HandoverServer, NothingToTakeOver, Takeover
from sidecar.proxy.health_checks import HealthChecks
from sidecar.proxy.host_load import HostLoad, find_counter
from sidecar.proxy.key_fetcher import KeyFetcher
from sidecar.proxy.sockets import passed_by_systemd
from sidecar.proxy.sweep import Sweep
from sidecar.rules_in_force import RulesInForce
from sidecar.ruleset.attachment_watch import AttachmentWatch
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.reload import Watcher
from sidecar.settings import CannotStart, LoopKind, Settings, default_state_dir
from sidecar.telemetry.gc_pauses import GcPauses
from sidecar.telemetry.last_page import leave_last_page
from sidecar.telemetry.record import RecordRing
from sidecar.telemetry_room import TelemetryRoom

if TYPE_CHECKING:
    from sidecar.ruleset.check import Checked
    from sidecar.ruleset.schema import RuleFile

#: Records that wait to be told about; at 30,000 requests a second a quarter of a second's worth.
_RECORDS: Final = 8192
#: How long requests wait at the start for the keys of an issuer of tokens.
_KEYS_SECONDS: Final = 3.0
#: How long the last log lines may take to be written.
_LOG_SECONDS: Final = 2.0
_STATE_DIR_MODE: Final = 0o700
_ADMIN_SOCKET_MODE: Final = 0o600
_INBOUND_SOCKET_MODE: Final = 0o666

_SWITCH_SECONDS: Final = 0.0005

#: Exit status of a sidecar that was told twice to stop.
STOPPED_AT_ONCE: Final = 1


class Sidecar:
    """One run of the sidecar, from a checked rule file to exit."""

    def __init__(self, settings: Settings, checked: Checked) -> None:
        """Raises ``CannotStart`` when the rule file has errors."""
        if checked.file is None:
            message = "the rule file has errors"
            raise CannotStart(message)
        self._settings = settings
        self._checked = checked
        self._file: RuleFile = checked.file
        url = self._file.upstreams[self._file.listeners.inbound.to].url
        if url is not None and not url.is_settled and not settings.command:
            message = f"{url} has a port that is chosen for a service that the sidecar starts: "
            message += "sidecar run FILE -- COMMAND"
            raise CannotStart(message)
        bind = str(self._file.listeners.inbound.bind)
        self.state_dir = settings.state_dir or default_state_dir(
            self._file.service, bind, os.environ
        )
        self._base = settings.rule_file.resolve().parent
        self._service: Service | None = None
        if settings.command:
            self._service = Service(settings.command, settings.stop_seconds, self._file)
        self._telemetry = TelemetryRoom(
            self._file, self._base, self.state_dir, is_around=self._service is not None
        )
        self._meters, self._log = self._telemetry.meters, self._telemetry.log
        self._random = Random()  # noqa: S311 - ids must be unique and shares fair, not secret
        chance = self._random.random
        wrapped = self._service.wrapped if self._service else None
        self._live = RulesInForce(checked, self._base, self._meters, self._log, chance, wrapped)
        self._room = ControlRoom(
            self._live, self._meters, self._log, settings.rule_file, self.state_dir,
            partial(self._told_to_stop, signal.SIGTERM),
        )  # fmt: skip
        self._doors = Doors()
        self._takeover: Takeover | None = None
        self._stop: asyncio.Event = asyncio.Event()
        self._stop_signals = 0

    # --- the run

    async def run(self) -> int:
        """Serve until told to stop; returns the exit status. Raises ``CannotStart``."""
        try:
            status = await self._serve(asyncio.get_running_loop())
            if self._taken_over:
                await leave_last_page(self._meters, self.state_dir)
            return status
        finally:
            self._doors.close()
            if not self._taken_over:
                self._remove_traces()

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> int:
        self._build(loop)
        pump = self._telemetry.carry(self._engine.records, [self._room.decisions.feed])
        self._room.decisions.catch_up = pump.turn
        measured = HostLoad(self._live.load, find_counter())
        self._keys = KeyFetcher(self._live.tokens, self._live)
        sweep = Sweep(self._engine, self._listening.every, self._each_tick, measured)
        watcher, files = self._watchers()
        self._catch_signals(loop, watcher)
        loop.set_exception_handler(self._internal_error)
        await self._keys.first(_KEYS_SECONDS)
        await self._discovery.begin()
        await self._listening.open_outbound()
        if self._service is None:
            await self._listening.open_inbound()
        sweep.start()
        await self._telemetry.open(self._live.file, self._live.attachments())
        await self._room.open(self._doors.sockets, self._doors.addresses)
        watcher.start(loop)
        files.start(loop)
        if self._service is None or await self._begin(self._service, loop):
            await self._announce(loop)
        _settle()
        with GcPauses(self._meters.gc_pauses):
            await self._stop.wait()
            await self._drain()
        self._keys.stop()
        await files.stop()
        await watcher.stop()
        sweep.stop()
        await self._checks.stop()
        await self._discovery.stop()
        await self._room.close()
        self._log.log_event("sidecar.stopped", "INFO", "the sidecar has stopped")
        await self._telemetry.close(is_hurried=self._hurried())
        await asyncio.to_thread(self._room.audit.close, _LOG_SECONDS)
        return self._status()

    def _build(self, loop: asyncio.AbstractEventLoop) -> None:
        """Everything that requests pass through."""
        self._open_doors()
        self._room.steering.restore(clock(), self._live.controls.put)
        ring = RecordRing(_RECORDS)
        self._engine = Engine(loop, self._live.first(), self._meters, ring, self._random)
        self._live.run_on(self._engine)
        tls = certificate(self._file, self._base)
        self._listening = Listening(self._engine, self._doors.sockets, tls)
        self._checks = HealthChecks(self._engine, self._random.random)
        self._discovery = Discovery(self._engine, self._live.notice, self._random.random)
        self._renewal = Renewal(tls, self._log)

    def _status(self) -> int:
        if self._service is not None:
            return self._service.status
        return STOPPED_AT_ONCE if self._stop_signals > 1 else 0

    # --- starting

    async def _begin(self, service: Service, loop: asyncio.AbstractEventLoop) -> bool:
        """Start what this is around, and let requests in once it answers; whether it does."""
        addresses = self._doors.addresses()
        before = self._settings.open_files
        service.log_by(self._log, self._meters)
        service.start(loop, os.environ, self._engine, addresses, before, self._gone)
        ready = await service.until_ready(self._engine, self._stop)
        if ready:
            await self._listening.open_inbound()
        return ready

    def _watchers(self) -> tuple[Watcher, AttachmentWatch]:
        """What looks after the rule file, and after the files that it names."""
        rule_file, folder = self._settings.rule_file, Folder(self._base, os.environ)
        watcher = Watcher(rule_file, self._checked, self._reload, self._reload_failed, folder)
        all_again = partial(watcher.look, forced=True)
        return watcher, AttachmentWatch(folder, self._live.attachments, self._live, all_again)

    def _open_doors(self) -> None:
        """Inherit the sockets that can be, and bind the rest."""
        try:
            self.state_dir.mkdir(mode=_STATE_DIR_MODE, parents=True, exist_ok=True)
        except OSError as error:
            why = f"there can be no state directory {self.state_dir}: {error.strerror}"
            raise CannotStart(f"{why}; choose another with --state-dir") from error
        doors = self._doors
        doors.passed(passed_by_systemd(os.environ))
        if self._settings.take_over:
            try:
                self._takeover = Takeover(self.state_dir / "control.sock")
                doors.inherited(self._takeover.sockets)
            except NothingToTakeOver:
                self._say("nothing to take over: starting afresh")
        binds = wanted(self._file, self._live.local_ports)
        if self._file.telemetry.prometheus is not None:
            binds["prometheus"] = self._file.telemetry.prometheus.bind
        if self._file.admin is not None:
            binds["admin_port"] = self._file.admin.bind
        for name, bind in binds.items():
            address = Address(path=str(self._base / bind.path)) if bind.path else bind
            doors.open(name, address, _INBOUND_SOCKET_MODE)
        # Who started a service cannot hand it over to another process.
        for name in ("admin",) if self._service is not None else ("admin", "control"):
            path = str(self.state_dir.absolute() / f"{name}.sock")
            doors.open(name, Address(path=path), _ADMIN_SOCKET_MODE)

    async def _announce(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say that we serve: to the process before us, to the files, to whoever looks on."""
        if self._takeover is not None:
            await asyncio.to_thread(self._takeover.ready)
            # What was set by hand on the one before us while we started.
            self._room.steering.restore(clock(), self._live.put)
        self._doors.settle()
        sockets = self._doors.sockets
        if "control" in sockets:
            control = sockets["control"]
            self._handover = HandoverServer(loop, control, sockets, self._hand_over)
            self._handover.start()
        addresses = self._doors.addresses()
        _write_whole(self.state_dir / "addresses.json", json.dumps(addresses))
        _write_whole(self.state_dir / "pid", str(os.getpid()))
        self._announced = True
        self._room.readiness.stage = "draining" if self._stop.is_set() else ""
        rules = self._engine.rules
        text = f"{self._file.service} is served on {addresses['inbound']}"
        self._log.log_event(
            "sidecar.started", "INFO", text, version=rules.version, pid=os.getpid(),
            **in_attributes(addresses),
        )  # fmt: skip
        self._say(text)
        if short := shortage(self._engine.rules):
            self._log.log_event("sidecar.descriptors", "WARN", short)

    _announced = False
    _handover: HandoverServer | None = None

    def _say(self, text: str) -> None:
        """To a person at a terminal; the log says it to machines."""
        if sys.stderr.isatty():
            sys.stderr.write(f"sidecar: {text}\n")

    # --- running

    def _reload_failed(self, why: str) -> None:
        self._live.failed(why)
        self._room.reloaded()
        self._say_if_stuck()

    def _reload(self, checked: Checked) -> None:
        self._live.reload(checked)
        self._telemetry.follow(self._live.file, self._live.attachments())
        self._room.reloaded()
        self._say_if_stuck()

    def _say_if_stuck(self) -> None:
        if self._live.trouble:
            self._say(f"the rules stay as they are: {self._live.trouble}")

    def _each_tick(self, now: float) -> None:
        self._discovery.look(now)
        if not self._room.readiness.stage:
            self._checks.look(now)
        if now >= self._looked + 1.0:
            self._looked = now
            self._live.tick()
            self._room.look(now)
            self._keys.tick(now)
            self._renewal.look()

    _looked = 0.0

    def _internal_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the loop caught: it has closed the connection, and serves the others."""
        error = context.get("exception")
        told = traceback.format_exception(error) if isinstance(error, BaseException) else []
        text = "".join([str(context.get("message", "")), "\n", *told])
        self._log.log_event("sidecar.internal_error", "ERROR", text)

    # --- stopping

    def _catch_signals(self, loop: asyncio.AbstractEventLoop, watcher: Watcher) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop, number)

        def look_again() -> None:
            self._log.reopen()
            self._looking = loop.create_task(watcher.look(forced=True))

        loop.add_signal_handler(signal.SIGHUP, look_again)

    def _told_to_stop(self, number: int) -> None:
        self._stop_signals += 1
        if self._service is not None:
            self._service.told(number)
        if self._stop_signals > 1:
            self._listening.abort()
        self._room.readiness.stage = "draining"
        self._stop.set()

    def _gone(self) -> None:
        """What this is around has ended, for whatever reason."""
        self._room.readiness.stage = "draining"
        self._stop.set()

    def _hand_over(self) -> None:
        """A new process serves on our sockets."""
        self._room.readiness.stage = "draining"
        # What is in the state directory is the new one's now.
        self._taken_over = True
        self._stop.set()

    _taken_over = False

    async def _drain(self) -> None:
        """Let running requests end, within bounds, and idle connections go."""
        if self._handover is not None:
            self._handover.stop()
        self._listening.inbound.stop_accepting()
        self._log.log_event("sidecar.draining", "INFO", "finishing what runs")
        if self._taken_over:
            # Whoever asks how this service is must be told by the one who serves it.
            self._listening.stop_accepting()
            await self._room.close()
        seconds = self._settings.drain_seconds
        until = clock() + seconds
        await self._listening.drain_inbound(seconds, self._hurried)
        if self._service is not None:
            await self._service.end(self._log)
        await self._listening.drain_outbound(until, self._hurried)

    def _hurried(self) -> bool:
        return self._stop_signals > 1

    def _remove_traces(self) -> None:
        """Remove what only a running sidecar has."""
        self._doors.remove_files()
        if self._announced:
            for name in ("addresses.json", "pid"):
                with contextlib.suppress(OSError):
                    (self.state_dir / name).unlink()
        if self._settings.state_dir is None:
            # Ours alone; one that was asked for belongs to whoever asked.
            with contextlib.suppress(OSError):
                self.state_dir.rmdir()


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _settle() -> None:
    """Set the interpreter up for serving, once everything is loaded."""
    # The loop waits this long for the lock while a thread reads a rule file (5 ms by default).
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What lives as long as the process is not looked at again; the data path makes no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def run(settings: Settings, checked: Checked) -> int:
    """Run the sidecar to its end; returns the exit status.

    Raises ``CannotStart`` or ``OSError``, both of which say why in a sentence.
    """
    settings = replace(settings, open_files=raise_limit())
    if settings.loop is LoopKind.UVLOOP:
        import uvloop  # noqa: PLC0415 - needed only when asked for

        return uvloop.run(Sidecar(settings, checked).run())
    return asyncio.run(Sidecar(settings, checked).run())
