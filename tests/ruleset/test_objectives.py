from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import pytest

from sidecar.model.http import RequestHead
from sidecar.ruleset.routes import Objective, ObjectiveCount, RuleSet
from sidecar.ruleset.surroundings import Surroundings
from tests.ruleset.compiled import FOLDER, compiled, count_anything, request, rule_file

_UPSTREAMS = "{app: {url: http://127.0.0.1:9000}, stock: {url: http://127.0.0.1:9001}}"


@dataclass
class Count:
    good: int = 0
    bad: int = 0
    shed: int = 0


def ruled(match: str, counts: defaultdict[str, Count] | None = None) -> RuleSet:
    """Two routes, one of them for calls too, and an objective for what matches."""
    kept = defaultdict(Count) if counts is None else counts

    def count_of(name: str) -> ObjectiveCount:
        return kept[name]

    text = rule_file(
        "keys: {user: {from: query, name: user}}\n"
        "routes:\n"
        "  - {name: orders, match: {path: /orders/**}}\n"
        "  - {name: skus, match: {path: /skus/*}, upstream: stock}\n"
        "slo:\n"
        f"  - {{name: up, match: {match}, good: {{status_below: 500}}, target: 99%, over: 1d}}\n",
        upstreams=_UPSTREAMS,
    )
    around = Surroundings(FOLDER, count_anything, count_of_objective=count_of)
    return compiled(text, surroundings=around)


def fits(objective: Objective, asked: RequestHead) -> bool:
    return objective.matches is None or objective.matches(asked)


@pytest.mark.parametrize(
    "match, routes",
    [
        ("{}", {"orders", "skus", "other"}),
        ("{route: orders}", {"orders"}),
        ("{route: [skus, other]}", {"skus", "other"}),
        ("{path: /orders/new}", {"orders", "skus", "other"}),
    ],
)
def test_routes_that_no_objective_names_have_none(match: str, routes: set[str]) -> None:
    rules = ruled(match)
    assert {name for name, route in rules.routes.items() if route.objectives} == routes


def test_what_the_service_calls_is_held_against_nothing() -> None:
    assert [route.objectives for route in ruled("{}").towards.values()] == [(), ()]


@pytest.mark.parametrize(
    "match, asked, expected",
    [
        ("{}", request("/a"), True),
        ("{path: [/a, /b/*]}", request("/b/c"), True),
        ("{path: [/a, /b/*]}", request("/b/c/d"), False),
        ("{path: /a, method: POST}", request("/a"), False),
        ("{path: /a, method: POST}", request("/a", method="POST"), True),
        ("{path: /a, method: POST}", request("/b", method="POST"), False),
        ("{method: GET}", request("/b"), True),
    ],
)
def test_the_rest_of_a_match_is_asked(match: str, asked: RequestHead, *, expected: bool) -> None:
    [objective] = ruled(match).routes["other"].objectives
    assert fits(objective, asked) is expected


def test_all_routes_count_in_one_place_and_go_on_after_a_reload() -> None:
    counts: defaultdict[str, Count] = defaultdict(Count)
    for rules in (ruled("{}", counts), ruled("{method: GET}", counts)):
        for route in rules.routes.values():
            [objective] = route.objectives
            assert objective.count is counts["up"]
    assert [*counts] == ["up"]


def test_what_is_not_said_is_no_condition() -> None:
    text = rule_file(
        "slo:\n"
        "  - {name: a, good: {not_shed: true}, target: 99%, over: 1d}\n"
        "  - {name: b, good: {status_below: 400, faster_than: 20ms}, target: 99%, over: 1d}\n"
    )
    first, second = compiled(text).routes["other"].objectives
    assert (first.status_below > 599, first.seconds) == (True, math.inf)
    assert (second.status_below, second.seconds) == (400, 0.02)
