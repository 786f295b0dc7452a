from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.waterfall import Waterfall
from sidecar.elastic.mappings import FIELDS
from sidecar.telemetry.catalogue import ATTRIBUTES
from tests.dashboards.generated import BOARDS, Json, board, panels, targets

TRACES = board("traces.json")
#: Where attributes stand in a document.
_BELOW = ("resource.attributes.", "attributes.")
#: Of all documents: when, and the severity that only log records have.
_OTHERS = {"@timestamp", "Count", "Max"}


def _searches() -> Iterator[tuple[str, Json]]:
    for name in BOARDS:
        for panel in panels(board(name)):
            for target in targets(panel):
                if target["datasource"]["type"] == "elasticsearch":
                    yield f"{name}: {panel['title']}", target


def _fields(target: Json) -> set[str]:
    named = [*target["bucketAggs"], *target["metrics"]]
    return {one["field"] for one in named if "field" in one}


SEARCHES = dict(_searches())


@pytest.mark.parametrize("title", SEARCHES)
def test_what_is_counted_by_is_a_field_of_our_documents(title: str) -> None:
    known = {f"{place}{one.name}" for one in ATTRIBUTES for place in _BELOW}
    known |= _OTHERS.union(*FIELDS.values())
    assert _fields(SEARCHES[title]) <= known


@pytest.mark.parametrize("title", SEARCHES)
def test_ids_of_a_search_are_told_apart_and_terms_say_how_many(title: str) -> None:
    target = SEARCHES[title]
    ids = [one["id"] for one in (*target["metrics"], *target["bucketAggs"])]
    assert len(ids) == len(set(ids))
    assert target["timeField"] == "@timestamp"
    for one in target["bucketAggs"]:
        if one["type"] == "terms":
            assert int(one["settings"]["size"]) > 0
            assert one["settings"]["orderBy"] in {"_count", *(m["id"] for m in target["metrics"])}


@pytest.mark.parametrize("title", SEARCHES)
def test_variables_with_a_wildcard_of_prometheus_are_asked_as_regular_expressions(
    title: str,
) -> None:
    query = SEARCHES[title]["query"]
    for name in ("service", "kind", "rule"):
        assert f"${name}" not in query
        assert f"${{{name}" not in query.replace(f":/${{{name}:regex}}/", "")


def test_a_trace_is_asked_for_by_its_id_and_drawn() -> None:
    [panel] = [one for one in panels(TRACES) if one["type"] == "traces"]
    [target] = targets(panel)
    assert target == {
        "refId": "A",
        "datasource": {"type": "jaeger", "uid": "${traces}"},
        "query": "$trace",
    }
    assert Waterfall("a", "b", "c").build().title == "a"


def test_every_trace_id_in_a_table_leads_to_its_waterfall() -> None:
    tables = [
        panel
        for panel in panels(TRACES)
        if panel["type"] == "table"
        and any("trace_id" in str(step) for step in panel["transformations"])
    ]
    assert len(tables) == 2
    for panel in tables:
        links = [
            prop["value"][0]["url"]
            for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"]
            if prop["id"] == "links" and override["matcher"]["options"] == "Trace"
        ]
        assert ["var-trace=${__value.raw}" in link for link in links] == [True]
