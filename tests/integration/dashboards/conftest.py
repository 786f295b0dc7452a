"""The stages, played once for all tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.dashboards.seen import Seen
from tests.integration.dashboards.stage import Stage, perform
from tests.integration.dashboards.telling import Told, run_telling
from tests.integration.dashboards.troubled import run_troubled
from tests.integration.dashboards.watched_shop import run_watched_shop
from tests.servers.elasticsearch import ElasticsearchServer, run_elasticsearch
from tests.servers.toxiproxy import Toxiproxy


@pytest.fixture(scope="session")
def stage_documents() -> Iterator[ElasticsearchServer]:
    """An Elasticsearch of the stages' own: those who share one would have to wait for each other.

    The services of one stage have other names than those of another.
    """
    with run_elasticsearch() as server:
        yield server


@pytest.fixture(scope="session")
def stage(stage_documents: ElasticsearchServer) -> Iterator[Stage]:
    """A shop with everything that is to be seen of it."""
    # What a socket may be called has an end: a short name.
    with (
        tempfile.TemporaryDirectory(prefix="stage-") as folder,
        run_watched_shop(Path(folder), stage_documents) as shop,
    ):
        played = perform(shop)
        stage_documents.refresh()
        yield played


@pytest.fixture(scope="session")
def troubled(stage_documents: ElasticsearchServer) -> Iterator[Seen]:
    """Sidecars with rules and troubles that the shop does not have."""
    with (
        tempfile.TemporaryDirectory(prefix="troubled-") as folder,
        run_troubled(Path(folder), stage_documents) as seen,
    ):
        yield seen


@pytest.fixture(scope="session")
def telling(stage_documents: ElasticsearchServer, toxiproxy: Toxiproxy) -> Iterator[Told]:
    """A sidecar whose telemetry meets everything that can go wrong on its way."""
    with (
        tempfile.TemporaryDirectory(prefix="telling-") as folder,
        run_telling(Path(folder), stage_documents, toxiproxy) as told,
    ):
        yield told
