from __future__ import annotations

from typing import Any

import pytest

from sidecar.export.item import Signal
from sidecar.export.streams import APPLICATION, GOVERNANCE
from sidecar.provision.elasticsearch.wanted import (
    DATASETS,
    Kind,
    Known,
    Plan,
    Wanted,
    patterns,
    wanted,
)

PLAN = Plan({"traces": "7d", "logs": "30d", "metrics": "90d"})
_BUILT_IN: dict[str, dict[str, Any]] = {
    "logs": {
        "index_patterns": ["logs-*.otel-*"],
        "priority": 120,
        "composed_of": ["logs@mappings", "otel@mappings", "logs@custom", "ecs@mappings"],
        "ignore_missing_component_templates": ["logs@custom"],
        "allow_auto_create": True,
        "template": {"settings": {"index.mode": "logsdb"}},
        "data_stream": {"hidden": False},
        "_meta": {"managed": True},
    }
}


def _by_name(things: list[Wanted]) -> dict[str, Any]:
    return {thing.name: thing.body for thing in things}


def test_the_streams_are_those_that_the_exporter_writes() -> None:
    assert set(DATASETS) == {signal.value for signal in Signal}
    assert {name for names in DATASETS.values() for name in names} == {GOVERNANCE, APPLICATION}
    assert patterns("logs", "") == ["logs-governance.otel-*", "logs-application.otel-*"]
    assert patterns("traces", "shop") == ["traces-governance.otel-shop"]


def test_components_come_before_what_is_made_of_them() -> None:
    seen: set[str] = set()
    for thing in wanted(PLAN, Known()):
        if thing.kind is Kind.INDEX:
            assert set(thing.body["composed_of"]) <= seen
        seen.add(thing.name)


def test_each_signal_is_kept_for_its_time_and_all_is_marked_as_ours() -> None:
    things = _by_name(wanted(PLAN, Known()))

    for signal, kept in PLAN.retention.items():
        lifecycle = things[f"sidecar-{signal}@lifecycle"]["template"]["lifecycle"]
        assert lifecycle == {"data_retention": kept}
        assert things[f"sidecar-{signal}"]["data_stream"] == {}
    assert {body["_meta"]["managed_by"] for body in things.values()} == {"sidecar"}


def test_a_namespace_has_templates_of_its_own_that_go_before_and_the_same_fields() -> None:
    everywhere, shop = _by_name(wanted(PLAN, Known())), _by_name(
        wanted(Plan(PLAN.retention, "shop"), Known())
    )  # fmt: skip

    assert shop["sidecar-traces-shop"]["index_patterns"] == ["traces-governance.otel-shop"]
    assert shop["sidecar-traces-shop"]["priority"] > everywhere["sidecar-traces"]["priority"]
    assert shop.keys() & everywhere.keys() == {f"sidecar-{signal}@mappings" for signal in DATASETS}


def test_where_a_cluster_has_the_layout_ours_are_made_of_its_parts() -> None:
    things = _by_name(wanted(PLAN, Known(_BUILT_IN)))

    logs = things["sidecar-logs"]
    assert logs["composed_of"] == [
        *_BUILT_IN["logs"]["composed_of"], "sidecar-logs@added", "sidecar-logs@lifecycle",
    ]  # fmt: skip
    assert logs["template"] == {"settings": {"index.mode": "logsdb"}}
    assert logs["ignore_missing_component_templates"] == ["logs@custom"]
    assert logs["priority"] > 120
    assert logs["index_patterns"] == patterns("logs", "")
    assert "sidecar-logs@mappings" not in things
    # Otherwise the policy of the cluster, which never deletes, would hold.
    assert things["sidecar-logs@added"]["template"]["settings"] == {
        "index.lifecycle.prefer_ilm": False
    }
    assert "sidecar-traces@mappings" in things


@pytest.mark.parametrize(
    "lacking, written",
    [
        ("lifecycle", "'lifecycle':"),
        ("index.lifecycle.prefer_ilm", "'index.lifecycle.prefer_ilm':"),
        ("histogram", "'type': 'histogram'"),
    ],
)
def test_what_a_cluster_lacks_is_left_out(lacking: str, written: str) -> None:
    assert written in str(wanted(PLAN, Known(_BUILT_IN)))
    assert written not in str(wanted(PLAN, Known(_BUILT_IN, frozenset({lacking}))))
