"""Clients that are slow on purpose lose their connections, and nobody else notices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import eventually, metric, resident_bytes
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.processes import Process, run_process
from tests.servers.programs import need
from tests.servers.sidecar import SidecarProcess, SidecarStarter

#: Promises what well-behaved clients wait at most.
pytestmark = pytest.mark.alone

ATTACKERS = 300
#: Of the attackers; slowhttptest gives up on some of its own connections.
NEARLY_ALL = 0.9
#: Between two requests of a normal client.
PACE_SECONDS = 0.025
#: For a normal request while this machine also runs the attack, nginx and the tests.
P99_SECONDS = 2.0
#: Of one connection that nobody reads from, at most: what is read from upstream at a time.
HELD_BYTES = 300 << 10
SPARE_BYTES = 20 << 20
CONNECTIONS_OPEN = "sidecar_downstream_connections_open"
REJECTED = "sidecar_requests_rejected_total"
ANSWERED = "http_server_request_duration_seconds_count"
ATTEMPTS = "http_client_request_duration_seconds_count"


@dataclass(frozen=True)
class Attack:
    """How slowhttptest is called, and how the sidecar counts those that it cut."""

    arguments: tuple[str, ...]
    target: str
    counter: str
    labels: dict[str, str]
    #: From the first connection to the end of the last one, on a busy machine.
    over_within_seconds: float = 30.0

    def command(self, address: str) -> list[str]:
        everywhere = ["-c", str(ATTACKERS), "-r", "200", "-l", "40", "-i", "1", "-p", "5"]
        url = f"http://{address}{self.target}"
        return [str(need("slowhttptest")), *self.arguments, *everywhere, "-u", url]

    def cut(self, sidecar: SidecarProcess) -> float:
        """How many slow clients were cut so far."""
        return metric(sidecar, self.counter, **self.labels)


ATTACKS = {
    "slow heads": Attack(("-H", "-x", "8"), "/small", REJECTED, {"reason": "head_timeout"}),
    "slow bodies": Attack(
        ("-B", "-t", "PUT", "-s", "100000", "-x", "10"),
        "/store/slow",
        ANSWERED,
        {"http_response_status_code": "408"},
    ),
    "slow readers": Attack(
        ("-X", "-w", "16", "-y", "64", "-n", "1", "-z", "8"),
        "/large",
        ATTEMPTS,
        {"error_type": "client_stalled"},
    ),
}


def strict_rules(app: str) -> str:
    """Little patience, and room for every attacker and a few clients beside them."""
    limits: dict[str, Any] = {
        "head_within": "2s",
        "body_rate": "1KiB/s",
        "connections": 1000,
        "connections_per_client": 1000,
    }
    return rules(
        {"targets": [app], "pool": {"max_connections": 500}},
        inbound={"limits": limits, "keep_alive": "5s"},
        timeouts={"idle": "2s"},
    )


def wait_for_siege(sidecar: SidecarProcess, attack: Process) -> bool:
    assert attack.exit_status is None, attack.log_tail()
    return metric(sidecar, CONNECTIONS_OPEN) > ATTACKERS / 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ATTACKS)
async def test_slow_clients_are_cut_and_others_served(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path, kind: str
) -> None:
    attack = ATTACKS[kind]
    sidecar = await asyncio.to_thread(sidecar_process, strict_rules(nginx.address))
    crowd = Crowd(sidecar.address, PACE_SECONDS)
    kept = crowd.add("kept", 4, get("/small", SMALL_BODY), keep_alive=True)
    fresh = crowd.add("fresh", 2, get("/small", SMALL_BODY), keep_alive=False)
    idle_bytes = resident_bytes(sidecar.pid)
    async with crowd.at_work():
        await eventually(lambda: kept.asked > 20 and fresh.asked > 20, "everybody is served")
        with run_process("slowhttptest", attack.command(sidecar.address), tmp_path) as attacker:
            await eventually(lambda: wait_for_siege(sidecar, attacker), "the attack is on")
            before = kept.asked
            await eventually(
                lambda: attack.cut(sidecar) >= ATTACKERS * NEARLY_ALL,
                "the attackers are cut",
                attack.over_within_seconds,
            )
            grown_bytes = resident_bytes(sidecar.pid) - idle_bytes
            await eventually(
                lambda: metric(sidecar, CONNECTIONS_OPEN) < ATTACKERS / 10,
                "their connections are closed",
                attack.over_within_seconds,
            )
            # In a thread: the clients here are timed on this one.
            await asyncio.to_thread(attacker.stop)
        assert kept.asked > before
    assert crowd.failures == []
    for notes in (kept, fresh):
        assert set(notes.statuses) == {200}
        assert notes.percentile_seconds(0.99) < P99_SECONDS
    assert grown_bytes < ATTACKERS * HELD_BYTES + SPARE_BYTES
    await eventually(lambda: metric(sidecar, CONNECTIONS_OPEN) == 0, "nobody is left")
    assert "Traceback" not in sidecar.log
