"""Sidecars that tests of one file share: starting one costs more than most of what they ask."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration import scripted
from tests.integration.documented import Service
from tests.integration.rule_text import rules
from tests.servers.nginx import Nginx
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, sidecar_starter


@pytest.fixture(scope="module")
def shared_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarStarter]:
    """Starts sidecars that live as long as the test file runs."""
    with sidecar_starter(tmp_path_factory.mktemp("shared")) as starter:
        yield starter


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> Loop:
    """Each event loop in turn."""
    chosen: Loop = request.param
    return chosen


@pytest.fixture(scope="module")
def plain(shared_start: SidecarStarter, nginx: Nginx, loop: Loop) -> SidecarProcess:
    """A sidecar in front of nginx without any rule, on each loop in turn."""
    return shared_start(rules(nginx.address), loop=loop)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of a short name: the path of a Unix socket in it has little more than 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="test-") as name:
        yield Path(name)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A service that does what the test says, on the test's own loop."""
    it = Service()
    async with scripted.upstream(it) as it.address:
        yield it
