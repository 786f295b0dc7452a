"""The real Elasticsearch that other tests lean on does what those tests take for granted."""

from __future__ import annotations

import elastic_transport
import elasticsearch as official
import pytest

from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import is_listening
from tests.servers.processes import is_running

STREAM = "logs-orders.otel-test"


def _write(server: ElasticsearchServer, *ids: str, index: str = STREAM) -> list[int]:
    operations: list[dict[str, object]] = []
    for name in ids:
        operations += [{"create": {"_index": index, "_id": name}}, {"@timestamp": 0, "id": name}]
    answer = server.client().bulk(operations=operations)
    return [item["create"]["status"] for item in answer["items"]]


@pytest.fixture
def with_template(elasticsearch: ElasticsearchServer) -> ElasticsearchServer:
    elasticsearch.client().indices.put_index_template(
        name="logs-test",
        # Of this test alone: others may have provisioned theirs before.
        index_patterns=["logs-orders.otel-*"],
        data_stream={},
        priority=500,
        template={
            "lifecycle": {"data_retention": "7d"},
            "settings": {"number_of_replicas": 0},
            "mappings": {"properties": {"id": {"type": "keyword"}}},
        },
    )
    return elasticsearch


class TestDocuments:
    def test_a_data_stream_takes_each_id_once(self, with_template: ElasticsearchServer) -> None:
        assert _write(with_template, "a", "b") == [201, 201]
        assert _write(with_template, "b", "c") == [409, 201]
        assert with_template.count(STREAM) == 3
        assert with_template.count(STREAM, {"term": {"id": "b"}}) == 1
        assert STREAM in with_template.data_streams()
        found = with_template.search_all("logs-*")
        assert sorted(hit["_source"]["id"] for hit in found) == ["a", "b", "c"]

    def test_more_documents_than_one_search_answers(
        self, elasticsearch: ElasticsearchServer
    ) -> None:
        _write(elasticsearch, *(str(number) for number in range(11_000)), index="many")
        elasticsearch.wait_for_count("many", 11_000)
        assert len(elasticsearch.search_all("many")) == 11_000

    def test_what_is_not_there_counts_nothing(self, elasticsearch: ElasticsearchServer) -> None:
        assert elasticsearch.count("traces-*") == 0
        assert elasticsearch.search_all("traces-*") == []

    def test_wiped_it_is_empty(self, with_template: ElasticsearchServer) -> None:
        _write(with_template, "a")
        _write(with_template, "a", index="plain")
        with_template.wipe()
        assert with_template.count() == 0
        assert not with_template.client().indices.exists(index="plain")
        assert _write(with_template, "a") == [201]


class TestFaults:
    def test_killed_it_keeps_what_it_acknowledged(self, elasticsearch: ElasticsearchServer) -> None:
        _write(elasticsearch, "a", index="plain")
        pids = elasticsearch.pids
        elasticsearch.kill()
        assert not is_listening(elasticsearch.address)
        assert not any(map(is_running, pids))
        elasticsearch.start()
        assert elasticsearch.count("plain") == 1

    def test_frozen_it_accepts_and_does_not_answer(
        self, elasticsearch: ElasticsearchServer
    ) -> None:
        client = elasticsearch.client(request_timeout=0.3, max_retries=0)
        elasticsearch.freeze()
        assert is_listening(elasticsearch.address)
        with pytest.raises(elastic_transport.ConnectionTimeout):
            client.cluster.health()
        elasticsearch.thaw()
        elasticsearch.wait_until_healthy()
        assert client.options(request_timeout=10).cluster.health()

    def test_started_afresh_it_forgets_templates_too(
        self, with_template: ElasticsearchServer
    ) -> None:
        _write(with_template, "a")
        with_template.stop()
        assert not is_listening(with_template.address)
        with_template.start_afresh()
        assert with_template.data_streams() == {}
        assert not with_template.client().indices.exists_index_template(name="logs-test")


class TestSecured:
    def test_passwords_roles_and_the_certificate(
        self, secured_elasticsearch: ElasticsearchServer
    ) -> None:
        server = secured_elasticsearch
        assert server.security is not None
        [_, writer] = server.security.users
        nodes = server.client().nodes.info()["nodes"]
        assert [node["version"] for node in nodes.values()] == [server.version]
        server.client(writer).index(index="logs-a-b", document={"a": 1}, op_type="create")
        assert server.count("logs-a-b") == 1
        with pytest.raises(official.AuthorizationException):
            server.client(writer).search(index="logs-a-b")
        with pytest.raises(official.AuthenticationException):
            server.client(basic_auth=("owner", "wrong")).cluster.health()

    def test_without_the_authority_nobody_trusts_it(
        self, secured_elasticsearch: ElasticsearchServer
    ) -> None:
        stranger = secured_elasticsearch.client(ca_certs=None)
        with pytest.raises(elastic_transport.TlsError):
            stranger.cluster.health()
