"""A sidecar without listeners, as its admin API sees it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from aiohttp import UnixConnector, web
from aiohttp.test_utils import TestClient, TestServer, unused_port

from sidecar.admin.api import make_admin
from sidecar.admin.audit import AuditLog
from sidecar.admin.decisions import Decisions
from sidecar.admin.inside import Inside, Readiness
from sidecar.admin.steering import Steering
from sidecar.proxy.engine import Engine
from sidecar.rules_in_force import RulesInForce
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.ruleset.compiled import checked, rule_file

Client = TestClient[web.Request, web.Application]

RULES = rule_file(
    """
keys: {client: {from: client.address}}
routes: [{name: orders, match: {path: /orders}}]
access: [{name: office, deny: {client_ip: 192.0.2.0/24}, why: not from here}]
rate_limits:
  - {name: each, per: client, limit: 5/s, labels: {team: shop}}
  - {name: sale, match: {path: /sale}, limit: 50/s, active: {from: "2099-01-01T00:00:00Z"}}
  - {name: off, limit: 9/s, mode: disabled}
breakers: [{name: app, upstream: app, open_when: {consecutive_errors: 3}}]
"""
)

SWITCHED = rule_file(
    """
switches: [degrade]
fallbacks: [{name: sorry, switch: degrade, try: [{serve: static, body: {text: sorry}}]}]
"""
)


class Log:
    """A log that is read by the test."""

    level = "INFO"

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str, dict[str, Any]]] = []

    def log_event(self, event: str, severity: str, text: str, **facts: Any) -> None:
        self.events.append((event, severity, text, facts))

    def choose(self, access: float, *, decisions: bool) -> None:
        self.chosen = access, decisions


class Running:
    """All of it, and what was done to it."""

    def __init__(self, folder: Path, text: str = RULES) -> None:
        self.meters, self.log = Meters("shop"), Log()
        log: Any = self.log
        self.live = RulesInForce(
            checked(text), Path("/etc/shop"), self.meters, log, Random().random
        )
        loop = asyncio.get_running_loop()
        ring = RecordRing(10)
        self.engine = Engine(loop, self.live.first(), self.meters, ring, Random(1))
        self.live.run_on(self.engine)
        self.lost: list[tuple[str, int]] = []
        self.stopped = 0
        self.audit = AuditLog(
            folder / "audit.jsonl", lambda reason, count: self.lost.append((reason, count))
        )
        self.inside = Inside(
            self.meters, self.live, log, self.audit, Decisions(), Readiness(""), self._stop,
            Path("/etc/shop/shop.yaml"), folder, lambda: {"inbound": "127.0.0.1:8080"},
        )  # fmt: skip
        self.steering = Steering(self.inside)

    def _stop(self) -> None:
        self.stopped += 1

    def changes(self) -> list[tuple[str, str, str, str]]:
        """What the audit log says, the first change first."""
        return [
            (one.action, one.target, one.setting, one.result)
            for one in reversed(self.audit.last(100))
        ]


@asynccontextmanager
async def answering(
    running: Running, token: Callable[[], str] | None = None
) -> AsyncIterator[Client]:
    """A client of the admin API of this sidecar, over TCP."""
    app = make_admin(running.inside, running.steering, token)
    async with TestClient(TestServer(app)) as client:
        yield client
    running.audit.close(1.0)


@asynccontextmanager
async def on_a_unix_socket(running: Running) -> AsyncIterator[Client]:
    """A client of the admin API of this sidecar, over a Unix socket."""
    path = tempfile.mkdtemp(prefix="sidecar-") + "/admin.sock"
    runner = web.AppRunner(make_admin(running.inside, running.steering))
    await runner.setup()
    await web.UnixSite(runner, path).start()
    server = TestServer(web.Application(), port=unused_port())
    async with TestClient(server, connector=UnixConnector(path)) as client:
        yield client
    await runner.cleanup()
    running.audit.close(1.0)
    Path(path).unlink(missing_ok=True)
    Path(path).parent.rmdir()


def as_told(data: bytes, kind: type[Any]) -> Any:
    """An answer as its type; fails when it does not fit."""
    return msgspec.json.decode(data, type=kind)
