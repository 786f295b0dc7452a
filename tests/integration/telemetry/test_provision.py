"""``sidecar provision elasticsearch`` on real clusters, 8 and 9, and what is written afterwards."""

from __future__ import annotations

import re

import pytest

from sidecar.export.backend import TAKEN
from sidecar.export.documents import Documents
from tests.commands.invoking import invoked
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS
from tests.integration.telemetry.clusters import all_items, backend_for, found, fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer

pytestmark = pytest.mark.integration

_STREAMS = ("traces-governance", "logs-governance", "logs-application", "metrics-governance")


def _provision(server: ElasticsearchServer, *arguments: str) -> tuple[int, str]:
    who: tuple[str, ...] = ()
    if server.security is not None:
        first = server.security.users[0]
        who = ("--user", first.name, "--password", first.password, "--ca", str(server.ca))
    return invoked("provision", "elasticsearch", "--url", server.url, *who, *arguments)


class _OnACluster:
    """What holds for every version."""

    def test_first_it_shows_then_it_does_then_there_is_nothing_to_do(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        ours = ("--namespace", namespace)

        status, shown = _provision(cluster, *ours, "--dry-run")
        assert (status, f"+ index template sidecar-traces-{namespace}\n" in shown) == (0, True)
        assert re.search(
            r"^\d to create(, \d unchanged)?; nothing was changed$", shown, re.MULTILINE
        )
        assert not cluster.client().indices.exists_index_template(
            name=f"sidecar-traces-{namespace}"
        )

        status, done = _provision(cluster, *ours)
        assert (status, f"+ index template sidecar-traces-{namespace}\n" in done) == (0, True)
        status, again = _provision(cluster, *ours)
        assert (status, again.splitlines()[-1]) == (0, "9 unchanged")

        status, other = _provision(cluster, *ours, "--metrics", "90d", "--dry-run")
        assert "template.lifecycle.data_retention: 7d → 90d" in other
        assert "1 to change, 8 unchanged; nothing was changed" in other

    def test_what_this_cluster_lacks_is_said(self, cluster: ElasticsearchServer) -> None:
        _, said = _provision(cluster, "--namespace", fresh_namespace(), "--dry-run")

        assert f"Elasticsearch {cluster.version} at {cluster.url}" in said
        for lacking in ("constant_keyword", "histogram", "match_only_text", "version"):
            assert f"i field type {lacking}: the cluster does not know it" in said

    def test_documents_make_data_streams_that_delete_what_is_old(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        _provision(cluster, "--namespace", namespace, "--retention", "3d", "--logs", "30d")
        items = all_items(namespace)

        with backend_for(cluster) as backend:
            assert backend.deliver(items) == TAKEN
            assert backend.deliver(items) == TAKEN

        streams = cluster.data_streams()
        kept = {
            name: streams[f"{name}.otel-{namespace}"]["lifecycle"]["data_retention"]
            for name in _STREAMS
        }
        assert kept == dict(zip(_STREAMS, ("3d", "30d", "30d", "3d"), strict=True))
        assert sorted(found(cluster, namespace)) == sorted(item.id for item in items)
        traces = f"traces-governance.otel-{namespace}"
        assert cluster.count(traces, {"term": {"http.route": "orders"}}) == 1
        assert cluster.count(traces, {"term": {"service.name": "order"}}) == 2

    def test_streams_that_are_there_are_named_where_they_cannot_be_changed(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        _provision(cluster, "--namespace", namespace)
        with backend_for(cluster) as backend:
            backend.deliver(Documents(RESOURCE, namespace).spans(SPANS))

        status, said = _provision(cluster, "--namespace", namespace)

        assert status == 0
        assert f"i data stream traces-governance.otel-{namespace}: keeps documents as long" in said


class TestEight(_OnACluster):
    """Without any security."""

    @pytest.fixture
    def cluster(self, elasticsearch: ElasticsearchServer) -> ElasticsearchServer:
        return elasticsearch

    def test_with_the_clusters_own_templates_ours_are_made_of_their_parts(
        self, cluster: ElasticsearchServer
    ) -> None:
        namespace = fresh_namespace()
        indices, parts = cluster.client().indices, cluster.client().cluster
        field = {"mappings": {"properties": {"theirs": {"type": "long"}}}}
        parts.put_component_template(name="otel-like@mappings", template=field)
        indices.put_index_template(
            name="logs-otel@template", index_patterns=["logs-*.otel-*"], priority=120,
            data_stream={}, composed_of=["otel-like@mappings", "logs@custom"],
            ignore_missing_component_templates=["logs@custom"],
        )  # fmt: skip
        try:
            status, said = _provision(cluster, "--namespace", namespace)
            resolved = indices.simulate_index_template(name=f"logs-governance.otel-{namespace}")
            _, again = _provision(cluster, "--namespace", namespace)
        finally:
            indices.delete_index_template(name=f"sidecar-logs-{namespace}")
            indices.delete_index_template(name="logs-otel@template")

        assert (status, "i logs-otel@template: the cluster comes with them" in said) == (0, True)
        fields = resolved["template"]["mappings"]["properties"]
        assert fields["theirs"] == {"type": "long"}
        assert fields["event_name"]["type"] == "keyword"
        assert resolved["template"]["lifecycle"]["data_retention"] == "7d"
        assert again.endswith("9 unchanged\n")


class TestNine(_OnACluster):
    """With passwords and TLS."""

    @pytest.fixture
    def cluster(self, secured_elasticsearch: ElasticsearchServer) -> ElasticsearchServer:
        return secured_elasticsearch

    def test_one_who_may_only_write_can_do_so_afterwards(
        self, cluster: ElasticsearchServer
    ) -> None:
        assert cluster.security is not None
        writer = cluster.security.users[1]
        namespace = fresh_namespace()
        _provision(cluster, "--namespace", namespace)
        documents = Documents(RESOURCE, namespace)
        items = documents.logs(LOGS) + documents.metrics(METRICS)

        with backend_for(cluster, username=writer.name, password=writer.password) as backend:
            assert backend.deliver(items) == TAKEN

        assert len(found(cluster, namespace)) == len(items)

    def test_one_who_may_only_write_provisions_nothing(self, cluster: ElasticsearchServer) -> None:
        assert cluster.security is not None
        writer = cluster.security.users[1]

        status, said = _provision(cluster, "--user", writer.name, "--password", writer.password)

        assert status == 1
        assert "403 security_exception" in said
        assert "manage_index_templates" in said
