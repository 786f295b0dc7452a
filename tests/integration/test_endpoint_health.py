"""Services that die under load and come back: ejection, health checks, and a breaker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.ports import free_port, wait_until_listening
from tests.servers.processes import Process
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

SERVICE = Path(__file__).with_name("dying_service.py")
READS = {
    "name": "reads",
    "at_most": 2,
    "on": ["connect_failure", "reset"],
    "backoff": {"first": "5ms", "at_most": "10ms"},
    "budget": {"at_most": "100%", "at_least": 50},
}

StartService = Callable[[int], Process]


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Starts a service on a port, again and again."""
    with contextlib.ExitStack() as running:

        def start(port: int) -> Process:
            command: list[str | Path] = [sys.executable, SERVICE, str(port)]
            service = running.enter_context(
                Process("service", command, tmp_path / f"service-{port}.log")
            )
            wait_until_listening(f"127.0.0.1:{port}")
            return service

        yield start


def at(port: int, name: str = "up", suffix: str = "") -> Callable[[SidecarProcess], float]:
    full = f"sidecar_upstream_{name}{suffix}"
    return lambda sidecar: metric(sidecar, full, server_port=str(port))


def events(log: Path, name: str) -> list[str]:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line["body"] for line in lines if line["event_name"] == name]


@both_loops
async def test_one_of_two_is_killed_under_load_and_comes_back(
    sidecar_process: SidecarStarter, start_service: StartService, loop: Loop
) -> None:
    first, second = free_port(), free_port()
    doomed = start_service(first)
    start_service(second)
    upstream = {
        "targets": [f"127.0.0.1:{first}", f"127.0.0.1:{second}"],
        "eject": {"after_consecutive_failures": 3, "for": "1s"},
    }
    sidecar = sidecar_process(rules(upstream, retries=[READS]), loop=loop)
    crowd = Crowd(sidecar.address)
    crowd.add("kept", 8, get("/", b"whole"), keep_alive=True)
    crowd.add("fresh", 2, get("/", b"whole"), keep_alive=False)
    ejections = at(first, "ejections", "_total")
    async with crowd.at_work():
        await asyncio.sleep(0.3)
        doomed.kill()
        await eventually(lambda: ejections(sidecar) >= 1, "it is ejected")
        # Back on probation while it is still dead: out again, for longer.
        await eventually(lambda: ejections(sidecar) >= 2, "it is ejected again")
        await asyncio.to_thread(start_service, first)
        served = metric_of_requests(sidecar, first)
        await eventually(lambda: at(first)(sidecar) == 1, "it is back")
        await eventually(lambda: metric_of_requests(sidecar, first) > served + 20, "it serves")
    assert crowd.failures == []
    assert {status for notes in crowd.notes.values() for status in notes.statuses} == {200}
    assert at(second, "ejections", "_total")(sidecar) == 0


def metric_of_requests(sidecar: SidecarProcess, port: int) -> float:
    name = "http_client_request_duration_seconds_count"
    return metric(sidecar, name, server_port=str(port), http_response_status_code="200")


@both_loops
async def test_checks_find_the_dead_and_the_living(
    sidecar_process: SidecarStarter, start_service: StartService, loop: Loop, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "sidecar.log"
    health = {"get": "/healthz", "every": "400ms", "timeout": "400ms", "healthy_after": 1}
    upstream = {"targets": [f"127.0.0.1:{port}"], "health": {**health, "unhealthy_after": 2}}
    telemetry = {"logs": {"file": str(log)}}
    sidecar = sidecar_process(rules(upstream, telemetry=telemetry), loop=loop)
    await eventually(lambda: at(port)(sidecar) == 0, "it is known to be dead")
    answer = await ask(sidecar.address, "/")
    assert (answer.status, json.loads(answer.body)["reason"]) == (503, "no_endpoint")
    service = await asyncio.to_thread(start_service, port)
    await eventually(lambda: at(port)(sidecar) == 1, "it is known to live")
    assert (await ask(sidecar.address, "/")).body == b"whole"
    service.kill()
    await eventually(lambda: at(port)(sidecar) == 0, "it is known to be dead again")
    # Without checks, requests find out by themselves.
    sidecar.write_rules(rules(f"127.0.0.1:{port}", telemetry=telemetry))
    await eventually(lambda: at(port)(sidecar) == 1, "it is asked again")
    assert (await ask(sidecar.address, "/")).status == 502
    sidecar.stop()
    told = events(log, "sidecar.endpoint")
    assert [text.partition(" of app ")[2].partition(":")[0] for text in told] == [
        "fails its health checks",
        "passes its health checks",
        "fails its health checks",
    ]


@both_loops
async def test_a_breaker_opens_says_when_to_come_back_and_closes(
    sidecar_process: SidecarStarter, start_service: StartService, loop: Loop, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "sidecar.log"
    breaker: dict[str, Any] = {
        "name": "app",
        "upstream": "app",
        "open_when": {"consecutive_errors": 3},
        "open_for": {"first": "1s", "jitter": "0%"},
        "half_open": {"probes": 2, "close_when": {"success_ratio": "100%"}},
    }
    text = rules(f"127.0.0.1:{port}", breakers=[breaker], telemetry={"logs": {"file": str(log)}})
    sidecar = sidecar_process(text, loop=loop)
    answers = [await ask(sidecar.address, "/") for _ in range(5)]
    reasons = [(answer.status, json.loads(answer.body)["reason"]) for answer in answers]
    assert reasons == [(502, "connect_failure")] * 3 + [(503, "breaker_open")] * 2
    assert answers[-1].field("retry-after") == "1"
    state = "sidecar_breaker_state"
    assert metric(sidecar, state, rule="app", state="open") == 1
    assert metric(sidecar, state, rule="app", state="closed") == 0
    await asyncio.to_thread(start_service, port)

    async def closed() -> bool:
        return (await ask(sidecar.address, "/")).status == 200

    await eventually(closed, "it probes")
    assert (await ask(sidecar.address, "/")).body == b"whole"
    assert metric(sidecar, state, rule="app", state="closed") == 1
    assert metric(sidecar, "sidecar_breaker_openings_total", rule="app") >= 1
    sidecar.stop()
    told = events(log, "sidecar.breaker")
    assert told[0].startswith("breaker app is open for 1s: 3 requests in a row failed")
    assert told[-1] == "breaker app is closed: the probes succeeded"
