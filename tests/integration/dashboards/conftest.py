"""The staged shop, played once for all tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.shop.story.rule_files import COMMITTED
from tests.integration.dashboards.objectives import with_objectives
from tests.integration.dashboards.stage import Stage, perform
from tests.integration.dashboards.watched_shop import run_watched_shop
from tests.servers.elasticsearch import ElasticsearchServer


@pytest.fixture(scope="session")
def stage(elasticsearch_server: ElasticsearchServer) -> Iterator[Stage]:
    """A shop with everything that is to be seen of it."""
    elasticsearch_server.make_ready()
    # What a socket may be called has an end: a short name.
    with tempfile.TemporaryDirectory(prefix="stage-") as folder:
        rules = with_objectives(COMMITTED, Path(folder) / "rules")
        with run_watched_shop(Path(folder), elasticsearch_server, rules=rules) as shop:
            played = perform(shop)
            elasticsearch_server.refresh()
            yield played
