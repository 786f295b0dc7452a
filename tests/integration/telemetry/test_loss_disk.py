"""What finds no room is lost by the count: a full disk, a full spool. The rest comes once."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clients.asking import metric
from tests.integration.running import exporter_of
from tests.integration.telemetry.accounting import (
    DROPPED,
    SENT,
    SPOOLED,
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

_MEGABYTE = 1024 * 1024


@pytest.fixture
def namespace() -> str:
    return fresh_namespace()


@pytest.fixture
def way(toxiproxy: Toxiproxy, elasticsearch: ElasticsearchServer) -> Proxy:
    return toxiproxy.in_front_of(elasticsearch.address)


@pytest.fixture
def books(elasticsearch: ElasticsearchServer, namespace: str) -> Books:
    return Books(elasticsearch, namespace)


async def cut_off(sidecar: SidecarProcess, way: Proxy) -> None:
    """Once all is told that is not of requests."""
    for signal in ("logs", "metrics"):
        await shows(sidecar, SENT, 1, signal=signal)
    await delivered(sidecar)
    way.down()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where one may make such."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_file_system_that_is_full(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    way: Proxy,
    books: Books,
    namespace: str,
    small_disk: Path,
) -> None:
    url = f"http://{way.address}"
    sidecar = sidecar_process(
        telling(nginx.address, url, namespace, small_disk / "spool", memory="1MiB")
    )
    await cut_off(sidecar, way)
    driver = Driver()
    async with driver.at_work(sidecar, pause_seconds=0.002):
        await shows(sidecar, DROPPED, 200, reason="disk_full")
        assert metric(sidecar, SPOOLED) > 0
    way.up()
    await delivered(sidecar)
    lost = dropped(sidecar, "disk_full")
    assert dropped(sidecar) == lost
    await books.balance(driver, lost - await books.lost_events())


async def test_no_file_may_be_written(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    way: Proxy,
    books: Books,
    namespace: str,
    tmp_path: Path,
) -> None:
    url = f"http://{way.address}"
    sidecar = sidecar_process(telling(nginx.address, url, namespace, tmp_path, memory="1MiB"))
    exporter = exporter_of(sidecar.pid)
    before = resource.prlimit(exporter, resource.RLIMIT_FSIZE)
    resource.prlimit(exporter, resource.RLIMIT_FSIZE, (10, before[1]))
    await cut_off(sidecar, way)
    driver = Driver()
    async with driver.at_work(sidecar, pause_seconds=0.002):
        await shows(sidecar, DROPPED, 200, reason="disk_full")
        assert metric(sidecar, SPOOLED) == 0
        resource.prlimit(exporter, resource.RLIMIT_FSIZE, before)
        await shows(sidecar, SPOOLED, 1)
    way.up()
    await delivered(sidecar)
    lost = dropped(sidecar, "disk_full")
    assert dropped(sidecar) == lost
    await books.balance(driver, lost - await books.lost_events())


async def test_a_spool_that_is_full(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    way: Proxy,
    books: Books,
    namespace: str,
    tmp_path: Path,
) -> None:
    url = f"http://{way.address}"
    sidecar = sidecar_process(
        telling(nginx.address, url, namespace, tmp_path, memory="1MiB", disk="1MiB")
    )
    await cut_off(sidecar, way)
    driver = Driver()
    async with driver.at_work(sidecar, pause_seconds=0.002):
        await shows(sidecar, DROPPED, 200, reason="spool_full")
        assert metric(sidecar, "sidecar_telemetry_spool_bytes") <= _MEGABYTE
    way.up()
    await delivered(sidecar)
    lost = dropped(sidecar, "spool_full")
    assert dropped(sidecar) == lost
    await books.balance(driver, lost - await books.lost_events())
