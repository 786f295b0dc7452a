from __future__ import annotations

from typing import Any

import pytest

from sidecar.traces.elastic_queries import Fields, events_of, exact_fields, named, spans
from sidecar.traces.trace import Wanted

KEYWORD = {"keyword": {"aggregatable": True}}
TEXT = {"text": {"aggregatable": False}}


def filters(wanted: Wanted, fields: Fields | None = None) -> list[Any]:
    found: list[Any] = spans(fields or Fields(), wanted)["bool"]["filter"]
    return found


def test_times_and_durations() -> None:
    asked = filters(Wanted(start=1_500_000, end=3_000_001, shortest=5, longest=7))
    assert asked == [
        {"range": {"@timestamp": {"gte": "1", "lte": "4", "format": "epoch_millis"}}},
        {"exists": {"field": "duration"}},
        {"range": {"duration": {"gte": 5, "lte": 7}}},
    ]


def test_names_are_asked_for_where_they_are_whole() -> None:
    fields = Fields(name="name.keyword", service="s")
    asked = filters(Wanted(start=0, end=0, service="order", operation="GET /a"), fields)
    assert {"term": {"s": "order"}} in asked
    assert {"term": {"name.keyword": "GET /a"}} in asked


@pytest.mark.parametrize(
    "name, value, asked",
    [
        ("error", "true", {"terms": {"status.code": ["ERROR", "Error", "error"]}}),
        ("error", "false",
         {"bool": {"must_not": [{"terms": {"status.code": ["ERROR", "Error", "error"]}}]}}),
        ("span.kind", "client", {"terms": {"kind": ["CLIENT", "Client", "client"]}}),
        ("otel.status_code", "OK", {"terms": {"status.code": ["OK", "Ok", "ok"]}}),
    ],
)  # fmt: skip
def test_tags_that_have_fields_of_their_own(name: str, value: str, asked: Any) -> None:
    assert asked in filters(Wanted(start=0, end=0, tags={name: value}))


def test_other_tags_are_of_the_span_or_of_who_speaks() -> None:
    [*_, tagged] = filters(Wanted(start=0, end=0, tags={"host.name": "a"}))
    assert [[*one["match"]] for one in tagged["bool"]["should"]] == [
        ["attributes.host.name"], ["resource.attributes.host.name"],
    ]  # fmt: skip
    # A word where a number is kept finds nothing, and is no mistake.
    assert all(one["match"].popitem()[1]["lenient"] for one in tagged["bool"]["should"])


def test_where_texts_are_cut_into_words_the_field_beside_is_asked() -> None:
    capabilities = {"name": TEXT, "name.keyword": KEYWORD, "kind": KEYWORD, "trace_id": TEXT}
    fields = exact_fields(capabilities)
    assert (fields.name, fields.kind) == ("name.keyword", "kind")
    # There is no other: it is asked as it is. What is not there at all is as templates have it.
    assert (fields.trace_id, fields.service) == ("trace_id", "resource.attributes.service.name")
    both = {"name": {**TEXT, **KEYWORD}, "name.keyword": KEYWORD}
    assert exact_fields(both).name == "name.keyword"


def test_ids_and_events() -> None:
    assert named(Fields(), "ab")["bool"]["should"] == [
        {"prefix": {"trace_id": "ab"}}, {"prefix": {"span_id": "ab"}},
    ]  # fmt: skip
    assert {"term": {"trace_id": "ab"}} in events_of("ab")["bool"]["filter"]
