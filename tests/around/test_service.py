"""What the service is told, when it counts as ready, and who is told how it ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sidecar.around.service import Service
from sidecar.proxy.engine import Engine
from sidecar.ruleset.surroundings import Surroundings
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.ruleset.compiled import FOLDER, checked, compiled, count_anything, rule_file

pytestmark = pytest.mark.integration

_PATIENCE = 20.0
_ANSWERS = """
import http.server, os, sys
if len(sys.argv) > 1:
    sys.exit(int(sys.argv[1]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
_DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(60)
"""


class Written:
    """A log that is read by the test."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def log_event(self, event: str, severity: str, text: str) -> None:
        assert event == "sidecar.service"
        self.texts.append(f"{severity} {text}")


class Running:
    """A service that was started, and the engine that would send it requests."""

    def __init__(self, script: str, *arguments: str, app: str = "http://127.0.0.1:0") -> None:
        text = rule_file(upstreams=f"{{app: {{url: '{app}'}}}}")
        file = checked(text).file
        assert file is not None
        self.service = Service([sys.executable, "-c", script, *arguments], 0.5, file)
        given = Surroundings(FOLDER, count_anything, wrapped=self.service.wrapped)
        rules = compiled(text, surroundings=given)
        self.loop = asyncio.get_running_loop()
        self.engine = Engine(self.loop, rules, Meters("test"), RecordRing(10), Random(1))
        self.log = Written()
        self.stop = asyncio.Event()

    def start(self) -> None:
        self.service.start(self.loop, os.environ, self.engine, {}, None, self.stop.set)

    async def until_ready(self) -> bool:
        async with asyncio.timeout(_PATIENCE):
            return await self.service.until_ready(self.engine, self.stop)

    async def end(self) -> None:
        log: Any = self.log
        await self.service.end(log)


def test_a_port_is_chosen_only_where_the_rules_leave_it_open() -> None:
    for url, chosen in (("http://127.0.0.1:0", True), ("http://127.0.0.1:9000", False),
                        ("unix:/run/app.sock", False)):  # fmt: skip
        file = checked(rule_file(upstreams=f"{{app: {{url: '{url}'}}}}")).file
        assert file is not None
        assert bool(Service(["app"], 1.0, file).wrapped.port) is chosen


async def test_it_is_ready_once_it_answers() -> None:
    running = Running(_ANSWERS)
    running.start()
    assert await running.until_ready()
    running.service.told(signal.SIGTERM)
    await running.end()
    assert running.service.status == 143
    assert running.log.texts == []


async def test_who_ends_by_itself_is_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    running = Running(_ANSWERS, "3")
    running.start()
    assert not await running.until_ready()
    await running.end()
    assert running.service.status == 3
    (text,) = running.log.texts
    assert text.startswith(f"ERROR {sys.executable} ended with status 3 after ")
    assert capfd.readouterr().err.startswith(f"sidecar: {sys.executable} ended with status 3")


async def deaf(there: Path, **options: str) -> Running:
    """A service that obeys no SIGTERM."""
    running = Running(_DEAF, str(there), **options)
    running.start()
    async with asyncio.timeout(_PATIENCE):
        while not there.exists():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)
    return running


async def test_who_is_told_to_stop_meanwhile_waits_no_longer(tmp_path: Path) -> None:
    running = await deaf(tmp_path / "there")
    running.loop.call_soon(running.stop.set)
    assert not await running.until_ready()
    running.service.told(signal.SIGTERM)
    await running.end()
    assert running.service.status == 137
    assert "did not end within 0.5s and was killed" in running.log.texts[0]


async def test_the_second_signal_is_passed_on_at_once_and_the_third_kills(tmp_path: Path) -> None:
    running = await deaf(tmp_path / "there")
    for _ in range(3):
        running.service.told(signal.SIGTERM)
    async with asyncio.timeout(_PATIENCE):
        await running.stop.wait()
    await running.end()
    assert running.service.status == 137
    assert running.log.texts == []


async def test_who_keeps_others_waiting_is_named(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sidecar.around.service._PATIENCE_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    running = await deaf(tmp_path / "there", app=f"http://127.0.0.1:{port}")
    running.loop.call_later(0.1, running.stop.set)
    assert not await running.until_ready()
    running.service.told(signal.SIGTERM)
    await running.end()
    told = capfd.readouterr().err
    assert f"still waiting for {sys.executable} to answer at 127.0.0.1:{port}: " in told
    assert "PORT" in told
