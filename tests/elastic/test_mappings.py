"""The fields of documents, and what becomes of them where a cluster lacks types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.elastic.mappings import FIELDS, STAND_INS, lacking_part, mappings, settings

_SIGNALS = st.sampled_from(sorted(FIELDS))


def _types(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _types(item)
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node["type"]
        for value in node.values():
            yield from _types(value)


@given(_SIGNALS, st.sets(st.sampled_from(sorted(STAND_INS))))
def test_what_is_lacking_is_nowhere_and_nothing_else_changes(
    signal: str, lacking: set[str]
) -> None:
    whole, reduced = mappings(signal), mappings(signal, lacking)

    assert lacking.isdisjoint(_types(reduced))
    assert reduced["properties"].keys() == whole["properties"].keys()
    if lacking.isdisjoint(_types(whole)):
        assert reduced == whole


def test_fields_keep_what_is_in_them() -> None:
    attributes = mappings("traces", ["passthrough"])["properties"]["attributes"]

    assert attributes["type"] == "object"
    assert attributes["subobjects"] is False
    assert attributes["properties"]["http.response.status_code"] == {"type": "long"}


def test_what_queries_and_the_reader_of_traces_need_is_exact() -> None:
    traces = mappings("traces")["properties"]

    assert traces["duration"]["type"] == "long"
    for name in ("trace_id", "span_id", "parent_span_id", "name", "kind"):
        assert traces[name]["type"] == "keyword"
    assert traces["status"]["properties"]["code"]["type"] == "keyword"
    resource = traces["resource"]["properties"]["attributes"]["properties"]
    assert resource["service.name"]["type"] == "keyword"


@pytest.mark.parametrize(
    "reason, part",
    [
        ("The mapper type [histogram] declared on field [h] does not exist.", "histogram"),
        ("No handler for type [passthrough] declared on field [attributes]", "passthrough"),
        ("No mapper found for type [flattened]", "flattened"),
        ("unknown setting [index.mapping.ignore_malformed] please check",
         "index.mapping.ignore_malformed"),
        ("unknown setting [index.lifecycle.name] please check", ""),
        ("The mapper type [keyword] declared on field [h] does not exist.", ""),
        ("something else", ""),
    ],
)  # fmt: skip
def test_what_a_cluster_lacks_is_read_from_what_it_says(reason: str, part: str) -> None:
    assert lacking_part(reason) == part


def test_settings_can_be_left_out() -> None:
    assert "index.mapping.ignore_malformed" in settings()
    assert "index.mapping.ignore_malformed" not in settings({"index.mapping.ignore_malformed"})
