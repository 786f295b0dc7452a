"""Panels ask for what the catalogue has, and what the catalogue has stands in a panel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from dashboards.queries.alerts import OF_PROMETHEUS
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Kind, Metric
from sidecar.telemetry.promql import SCRAPED
from tests.dashboards.generated import BOARDS, Json, asked_of_prometheus, board, parsed, selectors

#: What no panel shows, and why.
NOT_SHOWN: Final[dict[str, str]] = {
    "process_virtual_memory_bytes": "Says nothing about what is used: the resident memory does.",
}


def _series(metric: Metric) -> Iterator[tuple[str, Metric]]:
    if metric.kind is not Kind.HISTOGRAM:
        yield metric.name, metric
        return
    for suffix in ("_bucket", "_count", "_sum"):
        yield f"{metric.name}{suffix}", metric


SERIES: Final = dict(
    series for metric in (*METRICS, *OF_PROMETHEUS) for series in _series(metric)
)  # fmt: skip


def _labels(name: str) -> set[str]:
    extra = {"le"} if name.endswith("_bucket") else set()
    return {*SERIES[name].label_names, *SCRAPED, *extra}


def _grouped_by(node: Any) -> set[str]:
    modifier = getattr(node, "modifier", None)
    return set(getattr(modifier, "labels", None) or ())


def strange(whole: Json) -> list[str]:
    """What a dashboard asks for that nobody tells."""
    problems = []
    for where, expression in asked_of_prometheus(whole):
        for one in selectors(parsed(expression)):
            if one.name not in SERIES:
                problems.append(f"{where}: there is no {one.name}")
                continue
            grouped = [_grouped_by(node) for node in one.around]
            asked = set(one.matchers).union(*grouped)
            problems += [f"{where}: {one.name} has no {name}" for name in asked - _labels(one.name)]
    return problems


def _shown() -> set[str]:
    return {
        SERIES[one.name].name
        for name in BOARDS
        for _, expression in asked_of_prometheus(board(name))
        for one in selectors(parsed(expression))
    }


@pytest.mark.parametrize("name", BOARDS)
def test_every_metric_of_a_panel_is_in_the_catalogue_with_its_labels(name: str) -> None:
    assert strange(board(name)) == []


@pytest.mark.parametrize(
    "old, new, problem",
    [
        ("sidecar_slo_requests_total", "sidecar_slo_answers_total", "there is no sidecar_slo_ans"),
        ("by (service, slo)", "by (service, objective)", "sidecar_slo_requests_total has no objec"),
        ('outcome="shed"', 'result="shed"', "sidecar_slo_requests_total has no result"),
    ],
)
def test_what_nobody_tells_is_found(old: str, new: str, problem: str) -> None:
    whole = board("fleet.json")
    for panel in whole["panels"]:
        for target in panel.get("targets", ()):
            target["expr"] = target["expr"].replace(old, new)
    assert any(problem in found for found in strange(whole))


def test_every_metric_of_the_catalogue_is_in_a_panel_or_named_as_not_shown() -> None:
    missing = {one.name for one in METRICS} - _shown() - NOT_SHOWN.keys()
    assert not missing, f"put {sorted(missing)} into a panel, or say in NOT_SHOWN why not"


def test_what_is_named_as_not_shown_is_not_and_has_a_reason() -> None:
    names = {one.name for one in METRICS}
    assert NOT_SHOWN.keys() <= names - _shown()
    assert all(reason.endswith(".") for reason in NOT_SHOWN.values())
