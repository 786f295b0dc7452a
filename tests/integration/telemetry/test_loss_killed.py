"""Processes killed or relieved while Elasticsearch is away: what they had spooled comes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sidecar.export.segment import ENDING
from tests.integration.clients.asking import eventually, metric
from tests.integration.running import ended, exporter_of, take_over
from tests.integration.telemetry.accounting import (
    SPOOLED,
    UP,
    Books,
    Driver,
    delivered,
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

RESTARTS = "sidecar_telemetry_exporter_restarts_total"


@pytest.fixture
def namespace() -> str:
    return fresh_namespace()


@pytest.fixture
def way(toxiproxy: Toxiproxy, elasticsearch: ElasticsearchServer) -> Proxy:
    """The way to the cluster, which is cut at first."""
    proxy = toxiproxy.in_front_of(elasticsearch.address)
    proxy.down()
    return proxy


@pytest.fixture
def text(nginx: Nginx, way: Proxy, namespace: str, tmp_path: Path) -> str:
    return telling(nginx.address, f"http://{way.address}", namespace, tmp_path / "spool")


@pytest.fixture
def sidecar(sidecar_process: SidecarStarter, text: str) -> SidecarProcess:
    return sidecar_process(text)


@pytest.fixture
def books(elasticsearch: ElasticsearchServer, namespace: str) -> Books:
    return Books(elasticsearch, namespace)


@pytest.mark.parametrize("with_exporter", [False, True], ids=["alone", "with-its-exporter"])
async def test_a_sidecar_killed_with_a_full_spool(
    sidecar: SidecarProcess,
    sidecar_process: SidecarStarter,
    text: str,
    way: Proxy,
    books: Books,
    *,
    tmp_path: Path,
    with_exporter: bool,
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SPOOLED, 200)
    await eventually(
        lambda: on_disk(tmp_path / "spool") == driver.expected.total(), "all is on the disk"
    )
    exporter = exporter_of(sidecar.pid)
    os.kill(sidecar.pid, signal.SIGKILL)
    if with_exporter:
        os.kill(exporter, signal.SIGKILL)
    successor = await asyncio.to_thread(sidecar_process, text)
    await driver.ask(successor, 10)
    way.up()
    await books.balance(driver)
    await delivered(successor)
    assert dropped(successor) == 0


async def test_an_exporter_killed_under_load(
    sidecar: SidecarProcess, way: Proxy, books: Books
) -> None:
    driver = Driver()
    async with driver.at_work(sidecar):
        await shows(sidecar, SPOOLED, 200)
        os.kill(exporter_of(sidecar.pid), signal.SIGKILL)
        await shows(sidecar, RESTARTS, 1)
        way.up()
        await shows(sidecar, UP, 1)
    await delivered(sidecar)
    missing = books.missing(driver)
    # Of what it had when it died nobody knows how much it had written already.
    counted = dropped(sidecar, "exporter_died")
    assert missing <= dropped_documents(counted)
    assert dropped(sidecar) == counted
    assert missing < driver.expected.total() / 4
    assert "the exporter has ended by itself; another is started in 0.5 s" in sidecar.log


def on_disk(spool: Path) -> int:
    """How many documents of requests wait there; metrics and events wait beside them."""
    texts = [path.read_bytes() for path in spool.rglob(f"*{ENDING}")]
    return sum(text.count(b'"trace_id":"') for text in texts)


def dropped_documents(records: int) -> int:
    """The most documents that so many records give."""
    return records * 4


async def test_a_sidecar_stopped_while_it_is_away(
    sidecar: SidecarProcess,
    sidecar_process: SidecarStarter,
    text: str,
    way: Proxy,
    books: Books,
) -> None:
    driver = Driver()
    await driver.ask(sidecar, 50)
    assert sidecar.stop() == 0
    way.up()
    successor = await asyncio.to_thread(sidecar_process, text)
    await books.balance(driver)
    await eventually(lambda: metric(successor, SPOOLED) == 0, "an empty spool")


async def test_a_sidecar_relieved_by_another(
    sidecar: SidecarProcess,
    sidecar_process: SidecarStarter,
    text: str,
    way: Proxy,
    books: Books,
) -> None:
    driver = Driver()
    await driver.ask(sidecar, 50)
    await shows(sidecar, SPOOLED, 1)
    successor = await take_over(sidecar, sidecar_process, text)
    await driver.ask(successor, 50)
    assert await ended(sidecar) == 0
    way.up()
    await books.balance(driver)
    await delivered(successor)
    assert dropped(successor) == 0
