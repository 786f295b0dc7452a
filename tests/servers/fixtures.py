"""Fixtures for real servers; ``tests/conftest.py`` loads them for every test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.certificates import Authority
from tests.servers import processes
from tests.servers.alertmanager import Alertmanager, run_alertmanager
from tests.servers.elasticsearch import ElasticsearchServer, run_elasticsearch
from tests.servers.elasticsearch_files import Security, User
from tests.servers.grafana.listening import run_grafana
from tests.servers.grafana.server import Grafana
from tests.servers.haproxy import Haproxy, run_haproxy
from tests.servers.nginx import Nginx, run_nginx
from tests.servers.otlp_receiver import OtlpReceiver, run_otlp_receiver
from tests.servers.ports import Address
from tests.servers.prometheus import Prometheus, run_prometheus
from tests.servers.sidecar import SidecarStarter, sidecar_starter
from tests.servers.toxiproxy import Toxiproxy, run_toxiproxy
from tests.servers.webhook import Webhook, run_webhook

#: Who may come into ``secured_elasticsearch``: its owner, and one who may write and no more.
SECURED_USERS = (
    User("owner", "of everything"),
    User("writer", "of documents", roles=("writer",)),
)
SECURED_ROLES = {
    "writer": {
        "indices": [
            {
                "names": ["traces-*", "logs-*", "metrics-*"],
                "privileges": ["auto_configure", "create_doc"],
            }
        ]
    }
}


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
    """Starts a Prometheus that scrapes ``/metrics`` of the addresses given.

    It takes what ``run_prometheus`` takes.
    """
    with contextlib.ExitStack() as running:

        def start(*targets: Address, **options: Any) -> Prometheus:
            folder = tmp_path / "prometheus"
            folder.mkdir()
            return running.enter_context(run_prometheus(folder, targets, **options))

        yield start


@pytest.fixture
def alertmanager_with(tmp_path: Path) -> Iterator[Callable[[str], Alertmanager]]:
    """Starts an Alertmanager with the configuration given, YAML or JSON."""
    with contextlib.ExitStack() as running:

        def start(configuration: str) -> Alertmanager:
            folder = tmp_path / "alertmanager"
            folder.mkdir()
            return running.enter_context(run_alertmanager(folder, configuration))

        yield start


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver of webhooks that keeps what it is sent; the test may tell it to refuse."""
    with run_webhook() as receiver:
        yield receiver


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    """A new Grafana, played by a stand-in; the test may tell it to fail.

    Nothing may be sent to it that Grafana's own description does not allow, unless the test
    forgets it.
    """
    with run_grafana() as server:
        yield server
        assert server.violations == []


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[ElasticsearchServer]:
    """An Elasticsearch 8 for the whole run, as the tests before left it."""
    with run_elasticsearch() as server:
        yield server


@pytest.fixture
def elasticsearch(elasticsearch_server: ElasticsearchServer) -> ElasticsearchServer:
    """The Elasticsearch 8 of this run, empty; the test may stop, freeze and kill it."""
    elasticsearch_server.make_ready()
    return elasticsearch_server


@pytest.fixture(scope="session")
def secured_elasticsearch_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ElasticsearchServer]:
    """An Elasticsearch 9 for the whole run, over TLS and with passwords."""
    authority = Authority(tmp_path_factory.mktemp("elasticsearch"))
    certificate = authority.issue("elasticsearch")
    security = Security(SECURED_USERS, certificate.cert, certificate.key, SECURED_ROLES)
    with run_elasticsearch("9", security=security, ca=authority.ca) as server:
        yield server


@pytest.fixture
def secured_elasticsearch(
    secured_elasticsearch_server: ElasticsearchServer,
) -> ElasticsearchServer:
    """The Elasticsearch 9 of this run, empty; the test may stop, freeze and kill it."""
    secured_elasticsearch_server.make_ready()
    return secured_elasticsearch_server


@pytest.fixture
def otlp_receiver() -> Iterator[OtlpReceiver]:
    """A collector that keeps what it is sent; the test may tell it to fail."""
    with run_otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def toxiproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toxiproxy]:
    """A toxiproxy for the whole run; each test puts proxies of its own in front of servers."""
    with run_toxiproxy(tmp_path_factory.mktemp("toxiproxy")) as server:
        yield server


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
