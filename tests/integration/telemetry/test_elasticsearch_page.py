"""The queries of ``docs/elasticsearch.md`` find something in a real cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sidecar.export.backend import TAKEN
from tests.integration.telemetry.clusters import all_items, backend_for, fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer

pytestmark = pytest.mark.integration

_PAGE = Path(__file__).parents[3] / "docs" / "elasticsearch.md"
_QUERY = re.compile(r"^```console\nGET (\S+)/_search\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _queries() -> list[tuple[str, dict[str, Any]]]:
    found = _QUERY.findall(_PAGE.read_text(encoding="utf-8"))
    return [(pattern, json.loads(body)) for pattern, body in found]


def _leaves(aggregation: Any) -> int:
    """How many buckets without buckets in them there are."""
    if not isinstance(aggregation, dict):
        return 0
    if isinstance(aggregation.get("buckets"), list):
        return sum(max(1, _leaves(bucket)) for bucket in aggregation["buckets"])
    return sum(_leaves(value) for value in aggregation.values())


def test_every_query_finds_something(elasticsearch: ElasticsearchServer) -> None:
    with backend_for(elasticsearch) as backend:
        assert backend.deliver(all_items(fresh_namespace())) == TAKEN
    elasticsearch.refresh()
    queries = _queries()
    assert len(queries) >= 6

    for pattern, body in queries:
        answer = elasticsearch.client().search(index=pattern, **body)
        assert answer["hits"]["total"]["value"] > 0, body
        if "aggs" in body:
            assert _leaves(answer["aggregations"]) > 0, answer["aggregations"]
        else:
            assert answer["hits"]["hits"], body
