from __future__ import annotations

import pytest

from tests.dashboards.generated import BOARDS, board, variables


@pytest.mark.parametrize("name", BOARDS)
def test_each_choice_narrows_the_next_one(name: str) -> None:
    """A variable asks with those before it, and none with one that comes after it."""
    before: list[str] = []
    for one in variables(board(name)):
        if one["type"] == "query" and one["datasource"]["type"] == "prometheus":
            narrowed = [other for other in before if f'=~"${other}"' in one["query"]]
            expected = {"job": [], "instance": ["job"], "service": ["job", "instance"]}
            assert narrowed[:3] == expected.get(one["name"], ["job", "instance", "service"])
            before.append(one["name"])


@pytest.mark.parametrize("name", BOARDS)
def test_our_own_data_sources_are_chosen_at_first(name: str) -> None:
    chosen = {
        one["name"]: one["current"]["value"]
        for one in variables(board(name))
        if one["type"] == "datasource"
    }
    ours = {
        "datasource": "sidecar-prometheus",
        "logs": "sidecar-logs",
        "spans": "sidecar-spans",
        "traces": "sidecar-traces",
    }
    assert chosen.items() <= ours.items()
    assert {"datasource", "logs"} <= chosen.keys()
