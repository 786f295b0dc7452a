"""Searches as Grafana's data source for Elasticsearch builds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dashboards.viewer.buckets import bucket_frames
from dashboards.viewer.documents import document_frames
from dashboards.viewer.elasticsearch import Elasticsearch
from dashboards.viewer.frames import TIME
from dashboards.viewer.window import Window

SOURCE = Elasticsearch("http://nowhere", "logs-*")
WINDOW = Window(100, 160, 1.0, 60)
TERMS = {
    "id": "2",
    "type": "terms",
    "field": "rule",
    "settings": {"size": "5", "order": "desc", "orderBy": "_count", "min_doc_count": "1"},
}
HISTOGRAM = {"id": "3", "type": "date_histogram", "field": "@timestamp", "settings": {}}
COUNT = {"id": "1", "type": "count"}


def test_every_search_is_bounded_by_time() -> None:
    body = SOURCE.search({"metrics": [COUNT], "bucketAggs": [HISTOGRAM]}, "a:b", WINDOW)
    assert body["query"]["bool"]["filter"] == [
        {"range": {"@timestamp": {"gte": 100_000, "lte": 160_000, "format": "epoch_millis"}}},
        {"query_string": {"analyze_wildcard": True, "query": "a:b"}},
    ]
    assert body["size"] == 0


def test_buckets_stand_in_one_another() -> None:
    average = {"id": "4", "type": "avg", "field": "took"}
    aggregated = SOURCE.search(
        {"metrics": [average], "bucketAggs": [TERMS, HISTOGRAM]}, "*", WINDOW
    )["aggs"]
    assert aggregated["2"]["terms"] == {
        "field": "rule", "size": 5, "order": {"_count": "desc"}, "min_doc_count": 1,
    }  # fmt: skip
    inner = aggregated["2"]["aggs"]["3"]
    assert inner["date_histogram"]["fixed_interval"] == "1s"
    assert inner["aggs"] == {"4": {"avg": {"field": "took"}}}


def test_terms_ordered_by_a_metric_have_it_below_them() -> None:
    metric = {"id": "7", "type": "max", "field": "took"}
    terms = {**TERMS, "settings": {"orderBy": "7"}}
    found = SOURCE.search({"metrics": [metric], "bucketAggs": [terms, HISTOGRAM]}, "*", WINDOW)
    assert found["aggs"]["2"]["aggs"]["7"] == {"max": {"field": "took"}}


def test_documents_come_newest_first() -> None:
    target = {"metrics": [{"id": "1", "type": "logs", "settings": {"limit": "50"}}]}
    body = SOURCE.search(target, "*", WINDOW)
    assert body["size"] == 50
    assert body["sort"][0]["@timestamp"]["order"] == "desc"
    assert "aggs" not in body


def test_buckets_that_nobody_knows_are_an_error() -> None:
    target = {"metrics": [COUNT], "bucketAggs": [{"id": "2", "type": "geohash_grid"}]}
    with pytest.raises(ValueError, match="geohash_grid"):
        SOURCE.search(target, "*", WINDOW)


def test_buckets_of_time_become_series() -> None:
    answer: dict[str, Any] = {
        "2": {"buckets": [
            {"key": "a", "3": {"buckets": [{"key": 100_000, "doc_count": 3}]}},
            {"key": "b", "3": {"buckets": [{"key": 101_000, "doc_count": 4}]}},
        ]}
    }  # fmt: skip
    first, second = bucket_frames("A", answer, [TERMS, HISTOGRAM], [COUNT])
    assert first.times == [100.0]
    assert (first.numbers[0].values, first.numbers[0].shown) == ([3.0], "a")
    assert second.numbers[0].labels == {"rule": "b"}


def test_other_buckets_become_a_table() -> None:
    answer = {"2": {"buckets": [{"key": "a", "doc_count": 3, "5": {"values": {"99.0": 1.5}}}]}}
    percentiles = {
        "id": "5", "type": "percentiles", "field": "took", "settings": {"percents": ["99"]},
    }  # fmt: skip
    [frame] = bucket_frames("A", answer, [TERMS], [COUNT, percentiles])
    assert [(one.name, one.values) for one in frame.fields] == [
        ("rule", ["a"]), ("Count", [3.0]), ("p99 took", [1.5]),
    ]  # fmt: skip


def test_documents_have_a_column_for_each_of_their_fields() -> None:
    hits: list[Mapping[str, Any]] = [
        {"_source": {"@timestamp": "1500.5", "body": {"text": "hello"}}},
        {"_source": {"@timestamp": "1970-01-01T00:00:01Z", "attributes": {"a.b": 1}}},
    ]
    frame = document_frames("A", hits, "@timestamp")
    assert [one.name for one in frame.fields] == [TIME, "attributes.a.b", "body.text"]
    assert frame.times == [1.5005, 1.0]
    assert frame.fields[2].values == ["hello", None]
