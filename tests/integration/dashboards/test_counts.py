"""What panels show is what the load driver counted, within two in a hundred."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from demo_services.load.report import PhaseReport
from tests.integration.dashboards.seen import QUIET
from tests.integration.dashboards.stage import (
    BUYERS,
    COUNTED,
    FAILING,
    GREED,
    GREEDY,
    LOOKERS,
    READERS,
    RUSH,
    SCALPER,
    Stage,
)

pytestmark = [pytest.mark.integration, pytest.mark.alone]

STOREFRONT = "storefront"


def _about(count: float) -> object:
    return pytest.approx(count, rel=0.02)


def _of(counted: Mapping[frozenset[str], float], *values: str) -> float:
    return counted.get(frozenset(values), 0.0)


def _part(stage: Stage, phase: str, client: str) -> PhaseReport:
    [part] = stage.played[phase].report.select(client=client)
    return part


def _offered(stage: Stage, phase: str) -> int:
    return sum(part.offered for part in stage.played[phase].report.phases)


def _denied(stage: Stage, phase: str) -> int:
    return stage.played[phase].report.statuses().get(403, 0)


def _share(share: float) -> object:
    return pytest.approx(share, rel=0.02, abs=0.002)


@pytest.mark.parametrize("phase", COUNTED)
def test_every_request_is_counted(stage: Stage, phase: str) -> None:
    counted = stage.counted("fleet", "Requests by service", phase, STOREFRONT)
    assert _of(counted, STOREFRONT) == _about(_offered(stage, phase))


@pytest.mark.parametrize("phase", COUNTED)
def test_every_duration_is_in_a_bucket(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "How durations spread", phase, STOREFRONT)
    assert _of(counted, "+Inf") == _about(_offered(stage, phase))


@pytest.mark.parametrize("phase", COUNTED)
def test_every_request_counts_for_the_objectives_that_it_matches(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "Requests as objectives count them", phase, STOREFRONT)
    shed = stage.played[phase].report.statuses().get(429, 0)
    served = "customers-are-served"
    assert _of(counted, STOREFRONT, served, "shed") == _about(shed)
    all_of_it = sum(count for labels, count in counted.items() if served in labels)
    assert all_of_it == _about(_offered(stage, phase))


@pytest.mark.parametrize("phase", COUNTED)
def test_every_answer_is_counted_by_its_status(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "Answers by status", phase, STOREFRONT)
    found = {
        status: _of(counted, STOREFRONT, str(status))
        for status in stage.played[phase].report.statuses()
    }
    assert found == {
        status: _about(count) for status, count in stage.played[phase].report.statuses().items()
    }


@pytest.mark.parametrize("phase", [QUIET, FAILING])
def test_requests_are_counted_by_route(stage: Stage, phase: str) -> None:
    counted = stage.counted("service", "Requests by route", phase, STOREFRONT)
    routes = {LOOKERS: "product-page", READERS: "my-orders", BUYERS: "place-order"}
    for client, route in routes.items():
        offered = _part(stage, phase, client).offered
        assert _of(counted, STOREFRONT, route) == _about(offered), route


def test_errors_are_counted_by_route_and_reason(stage: Stage) -> None:
    failed = _part(stage, FAILING, BUYERS).statuses[503]
    counted = stage.counted("service", "Errors by route and reason", FAILING, STOREFRONT)
    assert _of(counted, STOREFRONT, "place-order", "503") == _about(failed)


def test_attempts_are_counted_by_upstream(stage: Stage) -> None:
    """Every page asks the order service too, for what was sold, and the inventory for its stock."""
    counted = stage.counted("service", "Attempts by upstream", QUIET, STOREFRONT)
    for upstream in ("app", "order"):
        assert _of(counted, STOREFRONT, upstream) == _about(_offered(stage, QUIET)), upstream
    pages = _part(stage, QUIET, LOOKERS).offered
    assert _of(counted, STOREFRONT, "inventory") == _about(pages)


@pytest.mark.parametrize(
    "name, title", [("fleet", "Who refuses"), ("governance", "Refused, by rule")]
)
def test_refusals_are_counted_by_rule(stage: Stage, name: str, title: str) -> None:
    rush = stage.counted(name, title, RUSH, STOREFRONT)
    everybody = stage.played[RUSH].report.statuses()[429]
    assert _of(rush, STOREFRONT, "rate_limits", "whole-shop") == _about(everybody)
    greed = stage.counted(name, title, GREED, STOREFRONT)
    one = _part(stage, GREED, GREEDY).statuses[429]
    assert _of(greed, STOREFRONT, "rate_limits", "each-user") == _about(one)
    denied = _part(stage, GREED, SCALPER).statuses[403]
    assert _of(greed, STOREFRONT, "access", "scalpers") == _about(denied)


def test_what_rules_do_is_counted_by_kind(stage: Stage) -> None:
    limits = stage.counted("governance", "Rate limits: what is done", GREED, STOREFRONT)
    refused = _part(stage, GREED, GREEDY).statuses[429]
    assert _of(limits, STOREFRONT, "each-user", "refused") == _about(refused)
    access = stage.counted("governance", "Access: what is done", GREED, STOREFRONT)
    assert _of(access, STOREFRONT, "scalpers", "refused") == _about(_denied(stage, GREED))


@pytest.mark.parametrize(
    "name, title",
    [
        ("fleet", "Answers by fallbacks"),
        ("governance", "Fallbacks: what is done"),
        ("governance", "Fallbacks: answers by step"),
    ],
)
def test_degraded_answers_are_counted(stage: Stage, name: str, title: str) -> None:
    degraded = _part(stage, FAILING, LOOKERS).marked
    counted = stage.counted(name, title, FAILING, STOREFRONT)
    shown = sum(count for labels, count in counted.items() if STOREFRONT in labels)
    assert degraded > 0
    assert shown == _about(degraded)


@pytest.mark.parametrize("phase", COUNTED)
def test_shares_of_all_requests(stage: Stage, phase: str) -> None:
    statuses, offered = stage.played[phase].report.statuses(), _offered(stage, phase)
    failed = sum(count for status, count in statuses.items() if status >= 500)
    for name, title, counted in (
        ("fleet", "Errors", failed),
        ("service", "Errors", failed),
        ("fleet", "Errors by service", failed),
    ):
        shown = stage.shares(name, title, phase, STOREFRONT)
        assert sum(shown.values()) == _share(counted / offered), (name, title)
    if phase == RUSH:
        shown = stage.shares("fleet", "Shed", phase, STOREFRONT)
        assert sum(shown.values()) == _share(statuses[429] / offered)


def test_shares_of_what_a_rule_is_asked(stage: Stage) -> None:
    rush = stage.shares("governance", "Rate limits: share refused", RUSH, STOREFRONT)
    refused = stage.played[RUSH].report.statuses()[429]
    assert _of(rush, STOREFRONT, "whole-shop") == _share(refused / _offered(stage, RUSH))
    access = stage.shares("governance", "Access: share refused", GREED, STOREFRONT)
    # Admitted is what all rules admitted, so that another's refusals are no part of it.
    denied, others = _denied(stage, GREED), stage.played[GREED].report.statuses()[429]
    asked = _offered(stage, GREED) - others
    assert _of(access, STOREFRONT, "scalpers") == _share(denied / asked)


def test_a_budget_burns_by_what_is_shed(stage: Stage) -> None:
    shown = stage.shares("fleet", "Budget burn by objective", RUSH, STOREFRONT)
    shed = stage.played[RUSH].report.statuses()[429] / _offered(stage, RUSH)
    assert _of(shown, STOREFRONT, "customers-are-served") == _about(shed / (1 - 0.99))


def test_refusals_are_documents_by_key_and_route(stage: Stage) -> None:
    """What is asked of Elasticsearch: one decision for each answer that said no."""
    greedy = _part(stage, GREED, GREEDY).statuses[429]
    for title in ("Refused, by whom", "Rate limits: hottest keys"):
        [table] = stage.answered("governance", title, GREED).frames
        counts = [max(one.values) for one in table.numbers]
        assert max(counts) == _about(greedy), title
    [table] = stage.answered("governance", "Access: who is refused", GREED).frames
    assert [sum(one.values) for one in table.numbers] == [_about(_denied(stage, GREED))]
    by_route = stage.answered("governance", "Refused, by route", RUSH).frames
    shown = sum(sum(filter(None, one.values)) for frame in by_route for one in frame.numbers)
    assert shown == _about(stage.played[RUSH].report.statuses()[429])


def test_a_quiet_time_has_neither_errors_nor_refusals(stage: Stage) -> None:
    assert stage.played[QUIET].report.statuses().keys() <= {200, 201}
    assert stage.counted("fleet", "Who refuses", QUIET, STOREFRONT) == {}
    assert (
        sum(stage.counted("service", "Errors by route and reason", QUIET, STOREFRONT).values()) == 0
    )
