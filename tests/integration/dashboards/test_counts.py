"""What panels show is what the load driver counted, within two in a hundred."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from demo_services.load.report import PhaseReport
from tests.integration.dashboards.stage import (
    BUYERS,
    COUNTED,
    FAILING,
    GREED,
    GREEDY,
    LOOKERS,
    QUIET,
    READERS,
    RUSH,
    SCALPER,
    Stage,
)

pytestmark = pytest.mark.integration

STOREFRONT = "storefront"


def _about(count: float) -> object:
    return pytest.approx(count, rel=0.02)


def _of(counted: Mapping[frozenset[str], float], *values: str) -> float:
    return counted.get(frozenset(values), 0.0)


def _part(stage: Stage, phase: str, client: str) -> PhaseReport:
    [part] = stage.played[phase].report.select(client=client)
    return part


@pytest.mark.parametrize("phase", COUNTED)
def test_every_request_is_counted(stage: Stage, phase: str) -> None:
    offered = sum(part.offered for part in stage.played[phase].report.phases)
    for name, title in (("fleet", "Requests by service"),):
        assert _of(stage.counted(name, title, phase), STOREFRONT) == _about(offered)


@pytest.mark.parametrize("phase", COUNTED)
def test_every_answer_is_counted_by_its_status(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "Answers by status", phase)
    found = {
        status: _of(counted, STOREFRONT, str(status))
        for status in stage.played[phase].report.statuses()
    }
    assert found == {
        status: _about(count) for status, count in stage.played[phase].report.statuses().items()
    }


@pytest.mark.parametrize("phase", [QUIET, FAILING])
def test_requests_are_counted_by_route(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "Requests by route", phase)
    routes = {LOOKERS: "product-page", READERS: "my-orders", BUYERS: "place-order"}
    for client, route in routes.items():
        offered = _part(stage, phase, client).offered
        assert _of(counted, STOREFRONT, route) == _about(offered), route


def test_errors_are_counted_by_route_and_reason(stage: Stage) -> None:
    failed = _part(stage, FAILING, BUYERS).statuses[503]
    counted = stage.counted("service", "Errors by route and reason", FAILING)
    assert _of(counted, STOREFRONT, "place-order", "503") == _about(failed)


@pytest.mark.parametrize(
    "name, title", [("fleet", "Who refuses"), ("governance", "Refused, by rule")]
)
def test_refusals_are_counted_by_rule(stage: Stage, name: str, title: str) -> None:
    rush = stage.counted(name, title, RUSH)
    everybody = stage.played[RUSH].report.statuses()[429]
    assert _of(rush, STOREFRONT, "rate_limits", "whole-shop") == _about(everybody)
    greed = stage.counted(name, title, GREED)
    one = _part(stage, GREED, GREEDY).statuses[429]
    assert _of(greed, STOREFRONT, "rate_limits", "each-user") == _about(one)
    denied = _part(stage, GREED, SCALPER).statuses[403]
    assert _of(greed, STOREFRONT, "access", "scalpers") == _about(denied)


def test_degraded_answers_are_counted(stage: Stage) -> None:
    degraded = _part(stage, FAILING, LOOKERS).marked
    counted = stage.counted("fleet", "Answers by fallbacks", FAILING)
    shown = sum(count for labels, count in counted.items() if STOREFRONT in labels)
    assert degraded > 0
    assert shown == _about(degraded)


def test_a_quiet_time_has_neither_errors_nor_refusals(stage: Stage) -> None:
    assert stage.played[QUIET].report.statuses().keys() <= {200, 201}
    assert stage.counted("fleet", "Who refuses", QUIET) == {}
    assert sum(stage.counted("service", "Errors by route and reason", QUIET).values()) == 0
