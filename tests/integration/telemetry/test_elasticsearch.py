"""Documents reach a real Elasticsearch, 8 and 9, and are there as the golden files have them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sidecar.export.backend import TAKEN
from sidecar.export.documents import Documents
from sidecar.export.item import Item
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS, golden
from tests.integration.telemetry.clusters import all_items, backend_for, found, fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer

pytestmark = pytest.mark.integration

#: As the cluster's own template for metrics; a whole one sets the times by itself.
_TIME_SERIES = {
    "settings": {
        "index.mode": "time_series",
        "index.routing_path": ["attributes.*", "unit", "_metric_names_hash"],
        "index.time_series.start_time": "2026-01-01T00:00:00Z",
        "index.time_series.end_time": "2026-02-01T00:00:00Z",
    },
    "mappings": {
        "dynamic": False,
        "properties": {
            "@timestamp": {"type": "date"},
            "unit": {"type": "keyword", "time_series_dimension": True},
            "_metric_names_hash": {"type": "keyword", "time_series_dimension": True},
            "attributes": {
                "type": "passthrough", "dynamic": True, "priority": 20,
                "time_series_dimension": True,
            },
            "metrics": {"type": "passthrough", "dynamic": True, "priority": 10},
        },
        "dynamic_templates": [
            {"counter_double": {"mapping": {"type": "double", "time_series_metric": "counter"}}},
            {"gauge_double": {"mapping": {"type": "double", "time_series_metric": "gauge"}}},
            {"histogram": {"mapping": {"type": "object", "subobjects": False}}},
            {"text": {"match_mapping_type": "string",
                      "mapping": {"type": "keyword", "time_series_dimension": True}}},
        ],
    },
}  # fmt: skip


def _golden(namespace: str) -> list[dict[str, Any]]:
    documents = [*golden("spans"), *golden("logs"), *golden("metrics")]
    for document in documents:
        document["source"]["data_stream"]["namespace"] = namespace
    return [document["source"] for document in documents]


def _renamed(item: Item, **changed: Any) -> Item:
    """The same item with another document."""
    action, source = item.data.splitlines()
    whole = {**json.loads(source), **changed}
    return msgspec.structs.replace(item, data=action + b"\n" + json.dumps(whole).encode() + b"\n")


class _OnACluster:
    """What holds for every version."""

    def test_documents_are_found_as_the_golden_files_have_them(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        items = all_items(namespace)

        with backend_for(cluster) as backend:
            assert backend.deliver(items) == TAKEN

        there = found(cluster, namespace)
        assert sorted(there) == sorted(item.id for item in items)
        assert [there[item.id] for item in items] == _golden(namespace)

    def test_what_is_sent_twice_is_there_once(self, cluster: ElasticsearchServer) -> None:
        namespace = fresh_namespace()
        items = all_items(namespace)

        with backend_for(cluster) as backend:
            assert backend.deliver(items[:4]) == TAKEN
            assert backend.deliver(items) == TAKEN
        with backend_for(cluster) as successor:
            assert successor.deliver(items) == TAKEN

        assert len(found(cluster, namespace)) == len(items)

    def test_one_bad_document_takes_no_other_with_it(self, cluster: ElasticsearchServer) -> None:
        namespace = fresh_namespace()
        items = all_items(namespace)
        items[1] = _renamed(items[1], trace_id={"not": "a keyword"})
        items[3] = _renamed(items[3], duration="long")

        with backend_for(cluster) as backend:
            delivery = backend.deliver(items)

        # A number that is none is not indexed, but the document is there.
        assert (delivery.refused, delivery.again) == ({1: "mapping"}, ())
        assert "document_parsing_exception" in delivery.error
        there = found(cluster, namespace)
        assert len(there) == len(items) - 1
        assert there[items[3].id]["duration"] == "long"

    def test_what_queries_need_is_exact(self, cluster: ElasticsearchServer) -> None:
        namespace = fresh_namespace()
        documents = Documents(RESOURCE, namespace)
        with backend_for(cluster) as backend:
            backend.deliver(
                documents.spans(SPANS) + documents.logs(LOGS) + documents.metrics(METRICS)
            )

        def count(pattern: str, **query: Any) -> int:
            return cluster.count(f"{pattern}.otel-{namespace}*", query)

        trace = {"trace_id": SPANS[0].trace_id}
        assert count("traces-governance", term=trace) == 2
        assert count("logs-*", term=trace) == 4
        assert count("traces-*", term={"resource.attributes.service.name": "order"}) == 2
        assert count("traces-*", term={"attributes.http.route": "orders"}) == 1
        assert count("traces-*", term={"attributes.http.response.status_code": 503}) == 1
        assert count("traces-*", range={"duration": {"gte": 200_000_000}}) == 1
        assert count("traces-*", term={"status.code": "Error"}) == 1
        moment = {"gte": "2026-01-12T09:30:00.123Z", "lt": "2026-01-12T09:30:00.124Z"}
        assert count("traces-*", range={"@timestamp": moment}) == 2
        assert count("logs-*", term={"event_name": "sidecar.decision"}) == 1
        assert count("logs-*", match={"body.text": "tea"}) == 1
        assert count("metrics-*", range={"metrics.sidecar.decisions": {"gt": 2}}) == 2


class TestEight(_OnACluster):
    """Without any security."""

    @pytest.fixture
    def cluster(self, elasticsearch: ElasticsearchServer) -> ElasticsearchServer:
        return elasticsearch

    def test_a_time_series_takes_each_moment_of_its_metrics_once(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        cluster.client().indices.put_index_template(
            name=f"series-{namespace}", priority=500, data_stream={},
            index_patterns=[f"metrics-governance.otel-{namespace}"], template=_TIME_SERIES,
        )  # fmt: skip
        metrics = Documents(RESOURCE, namespace).metrics(METRICS)

        with backend_for(cluster) as backend:
            assert backend.deliver(metrics) == TAKEN
            assert backend.deliver(metrics) == TAKEN

        there = cluster.search_all(f"metrics-*.otel-{namespace}")
        # With times of its own such a stream cannot begin another index: let this one be empty.
        for hit in there:
            cluster.client().delete(index=hit["_index"], id=hit["_id"])
        assert len(there) == len(metrics)
        assert {item.id for item in metrics}.isdisjoint(hit["_id"] for hit in there)


class TestNine(_OnACluster):
    """With a name, a password and TLS."""

    @pytest.fixture
    def cluster(self, secured_elasticsearch: ElasticsearchServer) -> ElasticsearchServer:
        return secured_elasticsearch

    def test_a_wrong_password_is_told_and_nothing_is_lost(
        self, cluster: ElasticsearchServer
    ) -> None:
        items = all_items(fresh_namespace())

        with backend_for(cluster, password="wrong") as backend:
            delivery = backend.deliver(items)

        assert delivery.again == range(len(items))
        assert delivery.retry_after > 0
        assert "does not let its user write: 401 security_exception" in delivery.error

    def test_without_its_authority_it_is_not_believed(self, cluster: ElasticsearchServer) -> None:
        items = all_items(fresh_namespace())

        with backend_for(cluster, ca="") as backend:
            delivery = backend.deliver(items)

        assert delivery.again == range(len(items))
        assert "no TLS with it" in delivery.error
        assert "CERTIFICATE_VERIFY_FAILED" in delivery.error

    def test_unless_nobody_is_to_check(self, cluster: ElasticsearchServer) -> None:
        items = all_items(fresh_namespace())

        with backend_for(cluster, ca="", verify=False) as backend:
            assert backend.deliver(items) == TAKEN

    def test_one_who_may_only_write_is_told_what_is_missing(
        self, cluster: ElasticsearchServer
    ) -> None:
        assert cluster.security is not None
        writer = cluster.security.users[1]
        items = all_items(fresh_namespace())

        with backend_for(cluster, username=writer.name, password=writer.password) as backend:
            delivery = backend.deliver(items)

        assert delivery.again == (*range(len(items)),)
        assert "is unauthorized for user [writer]" in delivery.error
        assert delivery.error.endswith("run 'sidecar provision elasticsearch'")
