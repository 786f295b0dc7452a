"""Fixtures for real servers; ``tests/conftest.py`` loads them for every test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.servers import processes
from tests.servers.haproxy import Haproxy, run_haproxy
from tests.servers.nginx import Nginx, run_nginx
from tests.servers.ports import Address
from tests.servers.prometheus import Prometheus, run_prometheus
from tests.servers.sidecar import SidecarStarter, sidecar_starter


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """An nginx upstream for the whole run."""
    with run_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture
def private_nginx(tmp_path: Path) -> Iterator[Nginx]:
    """An nginx upstream that the test may kill."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    with run_nginx(folder) as server:
        yield server


@pytest.fixture(scope="session")
def haproxy(nginx: Nginx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haproxy]:
    """An HAProxy in front of ``nginx`` for the whole run; marks answers ``x-front: haproxy``."""
    with run_haproxy(tmp_path_factory.mktemp("haproxy"), nginx.address) as server:
        yield server


@pytest.fixture
def prometheus_scraping(tmp_path: Path) -> Iterator[Callable[..., Prometheus]]:
    """Starts a Prometheus that scrapes ``/metrics`` of the addresses given."""
    with contextlib.ExitStack() as running:

        def start(*targets: Address) -> Prometheus:
            folder = tmp_path / "prometheus"
            folder.mkdir()
            return running.enter_context(run_prometheus(folder, targets))

        yield start


@pytest.fixture
def sidecar_process(tmp_path: Path) -> Iterator[SidecarStarter]:
    """Starts sidecars: ``sidecar_process(rules, loop="uvloop")``."""
    with sidecar_starter(tmp_path) as starter:
        yield starter


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - the hook's signature
    call: pytest.CallInfo[None],  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the processes involved had written."""
    report = yield
    if report.failed:
        report.sections.extend(processes.logs_beside_failure())
    if report.when == "teardown":
        processes.forget_ended()
    return report
