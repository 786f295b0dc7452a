"""The exporter beside a real sidecar: killed, orphaned, with a full disk, relieved, replaced."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import resource
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Connection
from tests.integration.rule_text import rules
from tests.integration.running import ended, exporter_of, take_over
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.sidecar import SidecarProcess, SidecarStarter

SENT = "sidecar_telemetry_sent_total"
UP = "sidecar_telemetry_exporter_up"


def telling(nginx: Nginx, **telemetry: Any) -> str:
    """A sidecar that keeps every trace."""
    told = {"logs": {"file": "none"}, "traces": {"sample": "100%"}, **telemetry}
    return rules(nginx.address, telemetry=told)


async def shows(sidecar: SidecarProcess, name: str, least: float, **labels: str) -> None:
    await eventually(lambda: metric(sidecar, name, **labels) >= least, f"{name} {labels} {least}")


async def ask(sidecar: SidecarProcess, count: int = 1) -> None:
    """So many requests, all of which are answered."""
    async with await Connection.open(sidecar.address) as connection:
        for _ in range(count):
            assert (await connection.ask("/small")).status == 200


def spans(folder: Path) -> Counter[str]:
    """The server's spans that stand in files, by their ids."""
    lines = [line for file in folder.glob("traces-*") for line in file.read_text().splitlines()]
    documents = [json.loads(line) for line in lines]
    return Counter(one["span_id"] for one in documents if one["kind"] == "Server")


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "told"


@pytest.fixture
def sidecar(sidecar_process: SidecarStarter, nginx: Nginx, told: Path) -> SidecarProcess:
    return sidecar_process(telling(nginx, files={"folder": str(told), "metrics_every": "1s"}))


async def test_an_exporter_that_is_killed_is_replaced_and_requests_do_not_notice(
    sidecar: SidecarProcess, told: Path
) -> None:
    await ask(sidecar, 5)
    await eventually(lambda: told.exists() and spans(told).total() == 5, "five spans")
    first = exporter_of(sidecar.pid)
    assert os.getpgid(first) == first
    os.kill(first, signal.SIGKILL)
    await ask(sidecar, 5)
    await eventually(lambda: exporter_of(sidecar.pid) not in {0, first}, "another exporter")
    await ask(sidecar, 5)
    # Those of the moment in which it died may be lost; then they are counted.
    await shows(sidecar, "sidecar_telemetry_exporter_restarts_total", 1)
    assert sidecar.stop() == 0
    assert 10 <= spans(told).total() <= 15


async def test_what_the_exporter_has_arrives_when_the_sidecar_is_killed(
    sidecar: SidecarProcess, told: Path
) -> None:
    exporter = exporter_of(sidecar.pid)
    await shows(sidecar, SENT, 1, exporter="files", signal="metrics")
    await ask(sidecar, 20)
    # So long records wait for the next turn of the pump.
    await shows(sidecar, "http_server_request_duration_seconds_count", 20)
    await asyncio.sleep(0.3)
    os.kill(sidecar.pid, signal.SIGKILL)
    await eventually(lambda: not Path(f"/proc/{exporter}").exists(), "the exporter's end")
    assert spans(told).total() == 20


async def test_a_full_disk_costs_nothing_while_memory_lasts(
    sidecar: SidecarProcess, told: Path
) -> None:
    await ask(sidecar, 1)
    await eventually(lambda: told.exists() and spans(told).total() == 1, "a span")
    exporter = exporter_of(sidecar.pid)
    before = resource.prlimit(exporter, resource.RLIMIT_FSIZE)
    resource.prlimit(exporter, resource.RLIMIT_FSIZE, (10, before[1]))
    await ask(sidecar, 20)
    await eventually(lambda: metric(sidecar, UP, exporter="files") == 0, "down")
    resource.prlimit(exporter, resource.RLIMIT_FSIZE, before)
    await eventually(lambda: spans(told).total() == 21, "all spans")
    assert set(spans(told).values()) == {1}
    await shows(sidecar, UP, 1, exporter="files")


async def test_other_settings_take_effect_while_it_runs(
    sidecar: SidecarProcess, nginx: Nginx, told: Path, tmp_path: Path
) -> None:
    await ask(sidecar, 5)
    first = exporter_of(sidecar.pid)
    others = tmp_path / "others"
    sidecar.write_rules(telling(nginx, files={"folder": str(others)}))
    await eventually(lambda: exporter_of(sidecar.pid) not in {0, first}, "another exporter")
    await eventually(lambda: not Path(f"/proc/{first}").exists(), "the old exporter's end")
    await ask(sidecar, 5)
    # What had not been carried when the file changed is carried to where it says now.
    await eventually(lambda: (spans(told) + spans(others)).total() == 10, "ten spans")
    assert spans(others).total() >= 5
    sidecar.write_rules(telling(nginx))
    await eventually(lambda: exporter_of(sidecar.pid) == 0, "no exporter")
    assert sidecar.stop() == 0


async def test_two_sidecars_tell_of_their_requests_when_one_relieves_the_other(
    sidecar: SidecarProcess, sidecar_process: SidecarStarter, nginx: Nginx, told: Path
) -> None:
    await ask(sidecar, 5)
    text = telling(nginx, files={"folder": str(told)})
    successor = await take_over(sidecar, sidecar_process, text)
    await ask(successor, 5)
    assert await ended(sidecar) == 0
    assert successor.stop() == 0
    assert spans(told).total() == 10
    assert set(spans(told).values()) == {1}


class Bulk:
    """Takes bulk requests as Elasticsearch does: each id once."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self.spans: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        lines = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).splitlines()
        items = [self.take(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)]
        answer = {"errors": any(one["create"]["status"] != 201 for one in items), "items": items}
        return web.json_response(answer, headers={"X-Elastic-Product": "Elasticsearch"})

    def take(self, action: bytes, source: bytes) -> dict[str, Any]:
        name = json.loads(action)["create"]["_id"]
        document = json.loads(source)
        if document.get("kind") == "Server":
            self.spans.add(document["span_id"])
        self.times[name] += 1
        if self.times[name] == 1:
            return {"create": {"_id": name, "status": 201}}
        error = {"type": "version_conflict_engine_exception", "reason": "it is there"}
        return {"create": {"_id": name, "status": 409, "error": error}}


@contextlib.asynccontextmanager
async def serving(bulk: Bulk, port: int) -> AsyncIterator[None]:
    app = web.Application(client_max_size=2**24)
    app.router.add_put("/_bulk", bulk.answer)
    app.router.add_post("/_bulk", bulk.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_what_was_spooled_arrives_after_everybody_was_killed(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    port = free_port()
    told = {
        "url": f"http://127.0.0.1:{port}",
        "spool": {"folder": str(tmp_path / "spool")},
    }
    text = telling(nginx, elasticsearch=told)
    first = sidecar_process(text)
    await ask(first, 30)
    await shows(first, "sidecar_telemetry_spool_documents", 60, exporter="elasticsearch")
    exporter = exporter_of(first.pid)
    os.kill(exporter, signal.SIGKILL)
    os.kill(first.pid, signal.SIGKILL)
    bulk = Bulk()
    async with serving(bulk, port):
        second = sidecar_process(text)
        await ask(second, 1)
        await eventually(lambda: len(bulk.spans) == 31, "all spans")
        await shows(second, UP, 1, exporter="elasticsearch")
        # Not on this loop: it serves what the exporter has left.
        assert await asyncio.to_thread(second.stop) == 0
    assert not [*(tmp_path / "spool").rglob("*.ndjson")]
