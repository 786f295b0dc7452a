"""Too much is asked of a service: those who matter are served, and all is well again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, Connection
from tests.integration.clients.crowd import Crowd, Notes, Question
from tests.integration.rule_text import rules
from tests.integration.scripted import answer, upstream
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

#: Offers more than the service can do, and promises who is served nevertheless.
pytestmark = pytest.mark.alone

PRIORITY = "x-request-priority"
#: The service does so many at a time, each in so long: 400 a second.
SLOTS = 4
SERVICE_SECONDS = 0.010
LOAD_SECONDS = 3.0
AGAIN_WITHIN_SECONDS = 8.0

TOLD: dict[str, Any] = {
    "trust": {"callers": ["127.0.0.0/8"]},
    "priorities": [{"name": "as-told", "level": {"header": PRIORITY}}],
}
QUEUE = {"at_most": 20, "wait_at_most": "150ms", "order": "priority"}
BULKHEAD = {"name": "all", "at_most": SLOTS, "queue": QUEUE}


@dataclass
class Service:
    """Slow, and nobody's fool: more than it can do at a time is noted."""

    address: Address = ""
    running: int = 0
    most: int = 0
    heads: bytes = b""

    async def __call__(
        self, head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.heads = head
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(SERVICE_SECONDS)
        self.running -= 1
        writer.write(answer())
        return True


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """The service, for as long as the block runs."""
    it = Service()
    async with upstream(it) as it.address:
        yield it


def asks(priority: str) -> Question:
    """Asks with a priority; a refusal must say when to come back."""

    async def question(connection: Connection) -> Answer:
        told = await connection.ask("/", fields=[(PRIORITY, priority)])
        assert told.status in (200, 503)
        assert told.status == 200 or 1 <= int(told.field("retry-after")) <= 30
        return told

    return question


async def crowded(sidecar: SidecarProcess) -> tuple[Notes, Notes]:
    """A few who matter and many who do not, for a while."""
    crowd = Crowd(sidecar.address)
    critical = crowd.add("critical", 4, asks("critical"), keep_alive=True)
    low = crowd.add("low", 40, asks("low"), keep_alive=True)
    async with crowd.at_work():
        await asyncio.sleep(LOAD_SECONDS)
    assert crowd.failures == []
    return critical, low


def gauge(sidecar: SidecarProcess, name: str, **labels: str) -> float:
    return metric(sidecar, f"sidecar_{name}", **labels)


@both_loops
async def test_under_load_who_matters_waits_in_front(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    async with service() as slow:
        sidecar = sidecar_process(rules(slow.address, concurrency=[BULKHEAD], **TOLD), loop=loop)
        critical, low = await crowded(sidecar)
        assert slow.most <= SLOTS
        # In the order of arrival they would find the line full most of the time.
        assert critical.statuses[503] == 0
        assert critical.statuses[200] > 50
        assert low.statuses[503] > low.statuses[200] / 10 > 0
        assert gauge(sidecar, "concurrency_in_flight") == 0
        assert gauge(sidecar, "concurrency_queued") == 0
        refused = metric(sidecar, "sidecar_decisions_total", rule="all", outcome="refused")
        assert refused == low.statuses[503]


async def test_waiting_in_line_is_a_sign_of_overload(sidecar_process: SidecarStarter) -> None:
    host = {"name": "host", "queue_delay": {"shed_above": "10ms"}}
    longer = {**BULKHEAD, "queue": {**QUEUE, "at_most": 100}}
    async with service() as slow:
        text = rules(slow.address, overload=[host], concurrency=[longer], **TOLD)
        sidecar = sidecar_process(text)
        critical, _low = await crowded(sidecar)
        shed = metric(sidecar, "sidecar_decisions_total", rule="host", outcome="refused")
        assert shed > 0
        assert critical.statuses[503] == 0
        await eventually(
            lambda: gauge(sidecar, "overload_shed_ratio") == 0.0,
            "everybody is let in again",
            within_seconds=AGAIN_WITHIN_SECONDS,
        )
        async with await Connection.open(sidecar.address) as connection:
            for _ in range(20):
                assert (await connection.ask("/", fields=[(PRIORITY, "low")])).status == 200


async def test_the_cpu_of_the_host_is_measured(sidecar_process: SidecarStarter) -> None:
    host = {"name": "host", "cpu": {"shed_above": "99%"}, "mode": "shadow"}
    async with service() as slow:
        sidecar = sidecar_process(rules(slow.address, overload=[host]))
        await eventually(
            lambda: gauge(sidecar, "overload_cpu_ratio") > 0.0, "the CPU time used is known"
        )
        assert gauge(sidecar, "overload_cpu_ratio") <= 1.0


@pytest.mark.parametrize("callers, level", [(["127.0.0.0/8"], "critical"), ([], "medium")])
async def test_nobody_makes_himself_important(
    sidecar_process: SidecarStarter, callers: list[str], level: str
) -> None:
    sections: dict[str, Any] = {**TOLD, "trust": {"callers": callers}}
    never = {"name": level, "match": {"priority": level}, "limit": "1/h", "burst": 1}
    async with service() as slow:
        sidecar = sidecar_process(rules(slow.address, rate_limits=[never], **sections))
        async with await Connection.open(sidecar.address) as connection:
            fields = [(PRIORITY, "critical")]
            statuses = [(await connection.ask("/", fields=fields)).status for _ in range(2)]
        assert statuses == [200, 429]
        assert (PRIORITY.encode() in slow.heads.lower()) == bool(callers)
