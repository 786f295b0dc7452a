from __future__ import annotations

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import links, looks, panels
from dashboards.queries.asking import as_table
from dashboards.tables import Column, columns
from tests.dashboards.generated import BOARDS, board, parsed
from tests.dashboards.generated import panels as panels_of


def _made() -> Any:
    panel = panels.rows("T", "says", "none", as_table("sum by (service) (a)"), as_table("b"))
    shown = {
        "service": Column("Service", links=(links.service_of_cell(),)),
        "Value #B": Column("B", "s", looks.the_more_the_worse(1, 2), decimals=1, width=90),
    }
    return json.loads(json.dumps(columns(panel, shown).build(), cls=JSONEncoder))


def test_a_table_joins_its_questions_and_shows_what_is_named_in_this_order() -> None:
    merged, filtered, arranged = _made()["transformations"]
    assert merged["id"] == "merge"
    assert filtered["options"]["include"]["names"] == ["service", "Value #B"]
    assert arranged["options"]["indexByName"] == {"service": 0, "Value #B": 1}
    assert arranged["options"]["renameByName"] == {"service": "Service", "Value #B": "B"}


def test_a_column_has_its_unit_its_colours_and_its_link() -> None:
    service, second = _made()["fieldConfig"]["overrides"]
    assert service["matcher"] == {"id": "byName", "options": "Service"}
    [link] = service["properties"][0]["value"]
    assert link["url"].startswith("/d/sidecar-service?var-service=${__value.text}&")
    assert {one["id"] for one in second["properties"]} == {
        "unit", "thresholds", "custom.cellOptions", "decimals", "custom.width",
    }  # fmt: skip


@pytest.mark.parametrize("name", BOARDS)
def test_every_column_of_a_table_is_asked_for(name: str) -> None:
    for panel in panels_of(board(name)):
        if panel["type"] != "table":
            continue
        asked = [target for target in panel["targets"] if "expr" in target]
        if len(asked) < len(panel["targets"]):
            continue
        values = {f"Value #{one['refId']}" for one in asked} if len(asked) > 1 else {"Value"}
        labels = {label for one in asked for label in _labels(one["expr"])}
        [chosen] = [
            one["options"]["include"]["names"]
            for one in panel["transformations"]
            if one["id"] == "filterFieldsByName"
        ]
        assert set(chosen) <= values | labels | {"Time"}, panel["title"]


def _labels(expression: str) -> set[str]:
    """The labels by which the answer is told apart, as far as an aggregation says it."""
    found: set[str] = set()
    nodes = [parsed(expression)]
    while nodes:
        node = nodes.pop()
        found |= set(getattr(getattr(node, "modifier", None), "labels", None) or ())
        nodes += [getattr(node, name) for name in ("lhs", "rhs", "expr") if hasattr(node, name)]
        nodes += list(getattr(node, "args", ()))
    return found
