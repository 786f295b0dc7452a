"""A process may have so many open files and no more: what is asked for, and what happens then."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.clients.asking import eventually
from tests.integration.clients.connection import BrokenAnswer, Connection, ask
from tests.integration.rule_text import rules
from tests.integration.running import sidecar_command
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.processes import Process
from tests.servers.sidecar import Loop, SidecarProcess, both_loops

START = 'ulimit -Sn "$2"; ulimit -Hn "$1"; shift 2; exec "$@"'

StartLimited = Callable[..., SidecarProcess]


@pytest.fixture
def start_limited(tmp_path: Path) -> Iterator[StartLimited]:
    """Starts a sidecar that may have so many descriptors, fewer of them at first."""
    with contextlib.ExitStack() as running:

        def start(text: str, *, most: int, first: int, loop: Loop) -> SidecarProcess:
            rule_file, state = tmp_path / "limited.rules.yaml", tmp_path / "s"
            rule_file.write_text(text)
            command = sidecar_command(rule_file, "--loop", loop, "--state-dir", str(state))
            shell = ["bash", "-c", START, "bash", str(most), str(first), *command]
            process = running.enter_context(Process("sidecar", shell, tmp_path / "limited.log"))
            announcement = state / "addresses.json"
            process.wait_until_ready(announcement.exists, "ready")
            sidecar = SidecarProcess(process, rule_file, state)
            sidecar.addresses = json.loads(announcement.read_text())
            return sidecar

        yield start


def cpu_ticks(pid: int) -> int:
    """What a process has used so far, user and system, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_the_limit_is_raised_as_far_as_it_may_be(
    start_limited: StartLimited, nginx: Nginx
) -> None:
    sidecar = start_limited(rules(nginx.address), most=2000, first=50, loop="uvloop")
    limits = Path(f"/proc/{sidecar.pid}/limits").read_text().splitlines()
    [line] = [line for line in limits if line.startswith("Max open files")]
    assert line.split()[3:5] == ["2000", "2000"]


@pytest.mark.parametrize("clients, warnings", [(1800, 0), (1801, 1)])
async def test_fewer_than_the_rules_may_need_are_said_at_the_start(
    start_limited: StartLimited, nginx: Nginx, tmp_path: Path, clients: int, warnings: int
) -> None:
    log = tmp_path / "access.log"
    text = rules(
        nginx.address,
        inbound={"limits": {"connections": clients}},
        telemetry={"logs": {"file": str(log)}},
    )
    sidecar = start_limited(text, most=2000, first=50, loop="uvloop")
    assert await asyncio.to_thread(sidecar.stop) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    said = [line for line in lines if line["event_name"] == "sidecar.descriptors"]
    assert [line["severity"] for line in said] == ["WARN"] * warnings
    assert all("2001 connections, the system 2000 open files" in line["body"] for line in said)


@both_loops
async def test_without_descriptors_it_neither_dies_nor_spins(
    start_limited: StartLimited, nginx: Nginx, loop: Loop
) -> None:
    sidecar = start_limited(rules(nginx.address), most=60, first=60, loop=loop)
    descriptors = Path(f"/proc/{sidecar.pid}/fd")
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(await Connection.open(sidecar.address))
        assert (await first.ask("/small")).body == SMALL_BODY
        for _ in range(80):
            await stack.enter_async_context(await Connection.open(sidecar.address))
        await eventually(lambda: len(list(descriptors.iterdir())) >= 60, "nothing is left")
        before = cpu_ticks(sidecar.pid)
        for _ in range(20):
            # Its connection to the service is there already.
            assert (await first.ask("/small")).body == SMALL_BODY
            await asyncio.sleep(0.05)
        assert cpu_ticks(sidecar.pid) - before < 50

    async def is_well() -> bool:
        with contextlib.suppress(OSError, BrokenAnswer):
            return (await ask(sidecar.address, "/small")).body == SMALL_BODY
        return False

    await eventually(is_well, "all is well again")
    assert "Traceback" not in sidecar.log
    assert sidecar.stop() == 0
