"""Nothing is lost while Elasticsearch is down or frozen, and what was spooled comes once."""

from __future__ import annotations

import asyncio
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

pytestmark = pytest.mark.integration


@pytest.fixture
def namespace() -> str:
    return fresh_namespace()


@pytest.fixture
def text(nginx: Nginx, elasticsearch: ElasticsearchServer, namespace: str, tmp_path: Path) -> str:
    return telling(nginx.address, elasticsearch.url, namespace, tmp_path / "spool")


@pytest.fixture
def sidecar(sidecar_process: SidecarStarter, text: str) -> SidecarProcess:
    return sidecar_process(text)


@pytest.fixture
def books(elasticsearch: ElasticsearchServer, namespace: str) -> Books:
    return Books(elasticsearch, namespace)


async def test_killed_under_load_and_started_again(
    sidecar: SidecarProcess, elasticsearch: ElasticsearchServer, books: Books
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SENT, 1, signal="traces")
        await asyncio.to_thread(elasticsearch.kill)
        await eventually(lambda: metric(sidecar, UP) == 0, "one that is down")
        await shows(sidecar, SPOOLED, 300)
        await asyncio.to_thread(elasticsearch.start)
        await shows(sidecar, UP, 1, within_seconds=60)
    await books.balance(driver)
    assert dropped(sidecar) == 0
    await eventually(lambda: metric(sidecar, SPOOLED) == 0, "an empty spool")
    assert "elasticsearch does not take what it is sent: Elasticsearch at " in sidecar.log
    assert "elasticsearch takes what it is sent again" in sidecar.log


async def test_frozen_under_load_and_thawed(
    sidecar: SidecarProcess, elasticsearch: ElasticsearchServer, books: Books
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SENT, 1, signal="traces")
        elasticsearch.freeze()
        # A request that takes so long is slow: what comes meanwhile goes to the disk.
        await shows(sidecar, SPOOLED, 100)
        elasticsearch.thaw()
    await books.balance(driver)
    assert dropped(sidecar) == 0
