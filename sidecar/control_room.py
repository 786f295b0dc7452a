"""Everything that operators see and change on a running sidecar, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sidecar.admin.actor import THE_FILE
from sidecar.admin.audit import AuditLog
from sidecar.admin.decisions import Decisions
from sidecar.admin.inside import Inside, Readiness
from sidecar.admin.steering import Steering
from sidecar.telemetry.metrics import AUDIT

if TYPE_CHECKING:
    import socket

    from sidecar.admin.server import AdminServer
    from sidecar.rules_in_force import RulesInForce
    from sidecar.telemetry.access_log import AccessLog
    from sidecar.telemetry.metrics import Meters

_AUDIT_FILE: Final = "audit.jsonl"


class ControlRoom:
    """Lives as long as its sidecar."""

    def __init__(
        self,
        live: RulesInForce,
        meters: Meters,
        log: AccessLog,
        rule_file: Path,
        state_dir: Path,
        stop: Callable[[], None],
    ) -> None:
        self._live = live
        self.readiness = Readiness()
        self.decisions = Decisions()
        self.audit = AuditLog(
            state_dir / _AUDIT_FILE, lambda reason, count: meters.dropped(AUDIT, reason, count)
        )
        self.inside = Inside(
            meters,
            live,
            log,
            self.audit,
            self.decisions,
            self.readiness,
            stop,
            rule_file,
            state_dir,
        )
        self.steering = Steering(self.inside)
        self._servers: list[AdminServer] = []

    def look(self, now: float) -> None:
        """End what is over, and follow the windows of rules; called about once a second."""
        self.steering.ended(self._live.look(now))

    def reloaded(self) -> None:
        """The rule file was seen changed; whether it is in force is known."""
        trouble = self._live.trouble
        self.audit.record(
            "reload",
            str(self.inside.rule_file),
            self._live.rules.version,
            "failed" if trouble else "done",
            actor=THE_FILE,
            why=trouble,
        )

    async def open(
        self, sockets: Mapping[str, socket.socket], addresses: Callable[[], Mapping[str, str]]
    ) -> None:
        """Answer whoever asks on the sockets that are there."""
        self.inside.addresses = addresses
        # A third of the start-up time is aiohttp's: requests are served meanwhile.
        await asyncio.to_thread(import_module, "sidecar.admin.api")
        from sidecar.admin.api import make_admin, make_exporter  # noqa: PLC0415
        from sidecar.admin.server import AdminServer  # noqa: PLC0415

        apps = {
            "admin": make_admin(self.inside, self.steering),
            "admin_port": make_admin(self.inside, self.steering, self.token),
            "prometheus": make_exporter(self.inside, self.steering),
        }
        for name, app in apps.items():
            if name in sockets:
                self._servers.append(await AdminServer.start(app, sockets[name]))

    def token(self) -> str:
        """What must be sent to the admin port, as the rules in force have it; empty for none."""
        admin = self._live.file.admin
        if admin is None:
            return ""
        return self._live.checked.attachments.secret(admin.token).reveal()

    async def close(self) -> None:
        """Answer nobody any more."""
        while self._servers:
            await self._servers.pop().close()
