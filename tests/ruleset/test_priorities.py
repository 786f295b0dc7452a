"""The priority of a request: the first entry that matches it, told or written."""

from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.priority import CRITICAL, HIGH, LOW, MEDIUM
from sidecar.ruleset.routes import RuleSet
from sidecar.wire.names import Kind
from tests.ruleset.compiled import compiled, enforced, request, route_of, rule_file

FILE = """
trust: {callers: [10.0.0.0/8]}
keys:
  app: {from: header, name: x-app}
routes:
  - {name: pay, match: {path: /orders/*/payment}}
  - {name: list, match: {path: /orders}}
priorities:
  - {name: as-told, match: {method: [GET, POST]}, level: {header: X-Request-Priority}}
  - {name: pay, match: {route: pay}, level: critical}
  - {name: callback, match: {path: /payments/callback}, level: critical}
  - {name: bots, match: {header: {user-agent: "*bot*"}}, level: low}
  - {name: shop, match: {app: shop, route: [list, other]}, level: high}
rate_limits:
  - {name: bots, match: {priority: low}, limit: 5/s}
  - {name: not-bots, match: {priority: [medium, high]}, limit: 5/s}
"""


def priority(rules: RuleSet, asked: RequestHead) -> int:
    """As the exchange gives it."""
    find = route_of(rules, asked).find_priority
    assert find is not None
    return find(asked)


@pytest.mark.parametrize(
    "asked, level",
    [
        (request("/"), MEDIUM),
        (request("/orders/7/payment"), CRITICAL),
        (request("/payments/callback"), CRITICAL),
        (request("/orders", user_agent="a bot it is"), LOW),
        (request("/orders", user_agent="a bot it is", x_app="shop"), LOW),
        (request("/orders", x_app="shop"), HIGH),
        (request("/elsewhere", x_app="shop"), HIGH),
        (request("/orders/7/payment", x_request_priority="low"), LOW),
        (request("/orders/7/payment", x_request_priority="lowest"), CRITICAL),
        (request("/orders/7/payment", x_request_priority="LOW"), CRITICAL),
        (request("/orders/7/payment", x_request_priority=""), CRITICAL),
        (request("/orders", method="PUT", x_request_priority="critical"), MEDIUM),
        (request("/", x_request_priority="critical"), CRITICAL),
    ],
)
def test_the_first_that_matches_wins(asked: RequestHead, level: int) -> None:
    assert priority(compiled(rule_file(FILE)), asked) == level


def test_rules_match_by_priority() -> None:
    rules = compiled(rule_file(FILE))
    asked = request("/")
    (bots, others) = (step for step in route_of(rules, asked).chain.enforced)
    assert enforced(rules, asked) == ["rate_limits/bots", "rate_limits/not-bots"]
    matches = []
    for asked.priority in (LOW, MEDIUM, HIGH, CRITICAL):
        matches.append([one.matches is None or one.matches(asked) for one in (bots, others)])
    assert matches == [[True, False], [False, True], [False, True], [False, False]]


def test_without_priorities_nothing_is_looked_for() -> None:
    rules = compiled(rule_file())
    assert route_of(rules, request("/")).find_priority is None
    routes = "routes: [{name: a, match: {path: /a}}, {name: b, match: {path: /b}}]\n"
    only_a = "priorities: [{name: a, match: {route: a}, level: low}]\n"
    limit = "rate_limits: [{name: a, match: {priority: low}, limit: 5/s}]"
    rules = compiled(rule_file(routes + only_a + limit))
    assert route_of(rules, request("/b")).find_priority is None
    assert priority(rules, request("/a")) == LOW


def test_what_names_a_priority_is_believed_of_trusted_callers_alone() -> None:
    rules = compiled(rule_file(FILE))
    field = b"x-request-priority"
    assert rules.names_believed[field] == Kind.WATCHED
    assert rules.names_unbelieved[field] == Kind.HOP_BY_HOP


def test_what_is_sent_to_an_upstream_by_name_has_a_priority_too() -> None:
    rules = compiled(rule_file(FILE))
    find = rules.towards["app"].find_priority
    assert find is not None
    assert find(request("/", user_agent="bot")) == LOW
