"""Nothing is lost, and nothing comes twice, over a network that is slow or breaks answers off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.telemetry.accounting import (
    SENT,
    SPOOLED,
    UP,
    Books,
    Driver,
    dropped,
    shows,
    telling,
)
from tests.integration.telemetry.clusters import fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.nginx import Nginx
from tests.servers.sidecar import SidecarProcess, SidecarStarter
from tests.servers.toxiproxy import Proxy, Toxiproxy

pytestmark = pytest.mark.integration

#: More than the sidecar waits for an answer.
_TOO_LONG_MS = 17_000


@pytest.fixture
def namespace() -> str:
    return fresh_namespace()


@pytest.fixture
def way(toxiproxy: Toxiproxy, elasticsearch: ElasticsearchServer) -> Proxy:
    return toxiproxy.in_front_of(elasticsearch.address)


@pytest.fixture
def sidecar(
    sidecar_process: SidecarStarter, nginx: Nginx, way: Proxy, namespace: str, tmp_path: Path
) -> SidecarProcess:
    url = f"http://{way.address}"
    return sidecar_process(telling(nginx.address, url, namespace, tmp_path / "spool"))


@pytest.fixture
def books(elasticsearch: ElasticsearchServer, namespace: str) -> Books:
    return Books(elasticsearch, namespace)


async def test_answers_that_are_broken_off(
    sidecar: SidecarProcess, way: Proxy, books: Books
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SENT, 1, signal="traces")
        way.add("limit_data", bytes=60)
        # What has lost its answer is there, and is sent again.
        await eventually(lambda: metric(sidecar, UP) == 0, "down by answers cut short")
        way.heal()
        await shows(sidecar, UP, 1)
        way.add("reset_peer", timeout=300)
        await eventually(lambda: metric(sidecar, UP) == 0, "down by resets")
        way.heal()
        await shows(sidecar, UP, 1)
    await books.balance(driver)
    assert dropped(sidecar) == 0


async def test_a_way_that_is_narrow(sidecar: SidecarProcess, way: Proxy, books: Books) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SENT, 1, signal="traces")
        way.add("bandwidth", "upstream", rate=1)
        # A delivery that takes so long is slow, and what comes meanwhile goes to the disk.
        await shows(sidecar, SPOOLED, 100)
        way.heal()
    await books.balance(driver)
    assert dropped(sidecar) == 0


@pytest.mark.soak
async def test_answers_that_come_too_late(
    sidecar: SidecarProcess, way: Proxy, books: Books
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SENT, 1, signal="traces")
        way.add("latency", latency=_TOO_LONG_MS)
        await eventually(lambda: metric(sidecar, UP) == 0, "given up")
        way.heal()
        await shows(sidecar, UP, 1)
    await books.balance(driver)
    assert dropped(sidecar) == 0
