from __future__ import annotations

import pytest

from dashboards.governance_kinds import KINDS
from dashboards.governance_row import filled_row
from dashboards.panels import lines
from dashboards.queries.asking import over_time
from sidecar.ruleset.schema import RULE_KINDS
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.readings import READINGS
from tests.dashboards.generated import Json, board, panels, parsed, selectors, targets

GOVERNANCE = board("governance.json")


def _rows() -> dict[str, list[Json]]:
    rows: dict[str, list[Json]] = {}
    inside: list[Json] = []
    for panel in GOVERNANCE["panels"]:
        if panel["type"] == "row":
            inside = rows.setdefault(panel["title"], [])
        else:
            inside.append(panel)
    return rows


def _asked(panel: Json) -> list[str]:
    return [one.get("expr") or one.get("query") or "" for one in targets(panel)]


def test_every_kind_of_rule_has_a_row() -> None:
    assert KINDS.keys() == RULE_KINDS.keys(), "give the new kind an entry in governance_kinds"
    assert {row.title for row in KINDS.values()} <= _rows().keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_asks_about_its_own_kind(kind: str) -> None:
    first, second, *_ = [
        panel for panel in _rows()[KINDS[kind].title] if panel["type"] == "timeseries"
    ]
    for panel in (first, second):
        assert all(f'kind="{kind}"' in asked for asked in _asked(panel)), panel["title"]


@pytest.mark.parametrize("metric", READINGS.values(), ids=lambda one: one.name)
def test_what_rules_show_of_themselves_stands_in_the_row_of_their_kind(metric: Metric) -> None:
    inside = {
        title
        for title, row in _rows().items()
        for panel in row
        if any(metric.name in asked for asked in _asked(panel))
    }
    assert inside & {row.title for row in KINDS.values()}


def test_what_decides_is_told_with_its_line_its_owner_and_why() -> None:
    tables = [one for one in panels(GOVERNANCE) if one["title"] == "Which rules refuse"]
    [panel] = tables
    for asked in _asked(panel):
        names = {one.name for one in selectors(parsed(asked))}
        assert {"sidecar_rule_info", "sidecar_decisions_total"} <= names
        assert all(label in asked for label in ("source", "owner", "why"))


def test_hottest_keys_are_asked_of_decisions_by_hash_and_never_of_metrics() -> None:
    hottest = [
        one for one in panels(GOVERNANCE) if any("sidecar.key.hash" in text for text in _asked(one))
    ]
    assert len(hottest) == 5
    for panel in hottest:
        assert panel["datasource"]["type"] == "elasticsearch"
        assert "sidecar explain" in panel["description"]
        [target] = targets(panel)
        # The event of a span is the same decision a second time.
        assert "_exists_:severity_text" in target["query"]
        assert target["bucketAggs"][-1]["field"] == "attributes.sidecar.key.hash"


@pytest.mark.parametrize("count, widths", [(1, [24]), (2, [12, 12]), (4, [8, 8, 8, 24])])
def test_a_row_is_filled_whatever_number_of_panels_it_has(count: int, widths: list[int]) -> None:
    made = filled_row("x", [lines(str(one), "", "s", over_time("up")) for one in range(count)])
    places = [panel.build().grid_pos for panel in made.panels]
    assert [place.w for place in places if place is not None] == widths
