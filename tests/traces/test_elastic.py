from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import elastic_transport
import elasticsearch
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig

from sidecar.traces.elastic import ElasticStore
from sidecar.traces.trace import Operation, Unanswered, Wanted
from tests.traces.documents import SHOP, TRACE

NODE = NodeConfig("http", "search.example", 9200)


def refusal(status: int, body: Any = None) -> elasticsearch.ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NODE)
    return elasticsearch.ApiError("no", meta, body)


class Cluster:
    """Answers what it was told to, and notes what it was asked."""

    def __init__(self, *answers: Any, fields: Any = None) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._answers = [*answers]
        self._fields = fields or {"fields": {}}

    def search(self, **asked: Any) -> Any:
        self.asked.append(asked)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    msearch = search

    def field_caps(self, **asked: Any) -> Any:
        self.asked.append(asked)
        if isinstance(self._fields, Exception):
            raise self._fields
        return self._fields


def store(cluster: Cluster) -> ElasticStore:
    now = iter(range(1000, 10_000, 15))
    client = cast("elasticsearch.Elasticsearch", cluster)
    return ElasticStore(client, "search.example:9200", 3600.0, lambda: float(next(now)))


def hits(*documents: Any, total: int = 0) -> dict[str, Any]:
    found = [{"_source": one} for one in documents]
    return {"hits": {"hits": found, "total": {"value": total or len(found)}}}


def buckets(*keys: str, **more: Any) -> dict[str, Any]:
    found = [{"key": key, "doc_count": 1, **more} for key in keys]
    return {"aggregations": {"named": {"buckets": found}}}


def test_services_and_operations_of_late() -> None:
    cluster = Cluster(buckets("web", "order"))
    assert store(cluster).services() == ["order", "web"]
    asked = cluster.asked[1]
    assert (asked["size"], asked["aggs"]["named"]["terms"]["field"]) == (
        0, "resource.attributes.service.name",
    )  # fmt: skip
    [since] = asked["query"]["bool"]["filter"]
    assert since["range"]["@timestamp"]["gte"] == str((1015 - 3600) * 1000)
    cluster = Cluster(buckets("GET", kinds={"buckets": [{"key": "Server"}, {"key": "Client"}]}))
    assert store(cluster).operations("web") == [
        Operation("GET", "client"),
        Operation("GET", "server"),
    ]
    cluster = Cluster(buckets("GET", kinds={"buckets": []}))
    assert store(cluster).operations("web") == [Operation("GET")]


def test_a_trace_with_its_events() -> None:
    cluster = Cluster(hits(*SHOP[:8]), hits(SHOP[8], {"duration": "x"}))
    trace = store(cluster).trace(TRACE)
    assert trace is not None
    assert len(trace.spans) == 8
    assert sum(len(span.events) for span in trace.spans) == 1
    assert trace.notes == ("1 of its documents could not be read",)
    assert [one["index"] for one in cluster.asked] == [
        "traces-*.otel-*", "traces-*.otel-*", "logs-*.otel-*",
    ]  # fmt: skip
    assert all(one["ignore_unavailable"] for one in cluster.asked)


def test_a_trace_that_is_not_there_or_too_large() -> None:
    assert store(Cluster(hits())).trace(TRACE) is None
    trace = store(Cluster(hits(SHOP[0], total=50_000), hits())).trace(TRACE)
    assert trace is not None
    assert trace.notes == ("the trace has 50000 spans: the first 1 of them are shown",)


def test_a_search_asks_for_each_trace() -> None:
    other = {**SHOP[0], "trace_id": "b" * 32}
    cluster = Cluster(
        hits({"trace_id": TRACE}, {"trace_id": "b" * 32}, {"trace_id": TRACE}, {}),
        {"responses": [hits(*SHOP[:8]), hits(other, total=70)]},
    )
    found = store(cluster).search(Wanted(service="web", start=0, end=1, limit=5))
    assert [len(trace.spans) for trace in found] == [8, 1]
    assert "70 spans" in found[1].notes[0]
    assert cluster.asked[1]["collapse"] == {"field": "trace_id"}
    searches = cluster.asked[2]["searches"]
    assert [one["size"] for one in searches[1::2]] == [5000, 5000]
    assert store(Cluster(hits())).search(Wanted(start=0, end=1)) == []


def test_one_trace_that_cannot_be_had_is_left_out() -> None:
    cluster = Cluster(hits({"trace_id": TRACE}), {"responses": [{"error": {}, "status": 503}]})
    assert store(cluster).search(Wanted(start=0, end=1)) == []


def test_ids_by_how_they_begin() -> None:
    assert store(Cluster(hits({"trace_id": TRACE}))).named("4bf92f") == [TRACE]


def test_names_of_fields_are_asked_for_once_in_a_while() -> None:
    text = {"text": {"aggregatable": False}}
    cluster = Cluster(buckets(), buckets(), buckets(), fields={
        "fields": {"resource.attributes.service.name": text,
                   "resource.attributes.service.name.keyword": {}},
    })  # fmt: skip
    asker = store(cluster)
    for _ in range(3):
        asker.services()
    fields = [one for one in cluster.asked if "fields" in one]
    assert len(fields) == 2
    assert cluster.asked[1]["aggs"]["named"]["terms"]["field"].endswith(".keyword")


@pytest.mark.parametrize(
    "error, sentence",
    [
        (refusal(401), "does not believe us: give an API key, or a user and a password"),
        (refusal(403, {"error": {"reason": "action [search] is unauthorized"}}),
         "does not let us read traces-*.otel-* and logs-*.otel-*: 403 : action [search] is unauth"),
        (refusal(429), "has too much to do"),
        (refusal(400, {"error": {"type": "parsing", "reason": "no such thing"}}),
         "answered 400 parsing: no such thing"),
        (refusal(500), "answered 500"),
        (elasticsearch.ConnectionError("refused\n for now"), "cannot be reached: refused for now"),
    ],
)  # fmt: skip
def test_errors_in_plain_words(error: Exception, sentence: str) -> None:
    with pytest.raises(Unanswered) as told:
        store(Cluster(error)).trace(TRACE)
    assert str(told.value).startswith("Elasticsearch at search.example:9200 ")
    assert sentence in str(told.value)
    assert told.value.in_time


def test_what_does_not_answer() -> None:
    with pytest.raises(Unanswered, match="did not answer within 10 s") as told:
        store(Cluster(elastic_transport.ConnectionTimeout("x"))).services()
    assert not told.value.in_time


def test_something_else_answers() -> None:
    meta = ApiResponseMeta(200, "1.1", HttpHeaders(), 0.1, NODE)
    error = elasticsearch.UnsupportedProductError("x", meta, None)
    with pytest.raises(Unanswered, match="is not Elasticsearch"):
        store(Cluster(error)).services()


def test_who_may_not_ask_about_fields_asks_as_templates_have_them() -> None:
    cluster = Cluster(buckets("web"), fields=refusal(403))
    assert store(cluster).services() == ["web"]
    with pytest.raises(Unanswered, match="does not believe us"):
        store(Cluster(fields=refusal(401))).services()
    with pytest.raises(Unanswered, match="cannot be reached"):
        store(Cluster(fields=elasticsearch.ConnectionError("refused"))).services()
