"""The staged shop, played once for all tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.dashboards.stage import Stage, perform
from tests.integration.dashboards.watched_shop import run_watched_shop
from tests.servers.elasticsearch import run_elasticsearch


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """A shop with everything that is to be seen of it.

    It has an Elasticsearch of its own: those who share one would have to wait for each other.
    """
    # What a socket may be called has an end: a short name.
    with (
        tempfile.TemporaryDirectory(prefix="stage-") as folder,
        run_elasticsearch() as server,
        run_watched_shop(Path(folder), server) as shop,
    ):
        played = perform(shop)
        server.refresh()
        yield played
