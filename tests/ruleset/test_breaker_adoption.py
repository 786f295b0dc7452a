"""Breakers in whole rule sets: what they govern, in shadow too, and what a reload keeps."""

from __future__ import annotations

import pytest

from sidecar.model.outcome import Heard, classify
from sidecar.proxy.chain import Passage, admit, settle
from sidecar.ruleset.routes import RuleSet
from tests.ruleset.compiled import chain_of, compiled, refusal, reloaded, request, rule_file

START = 1000.0
TWO = "{app: {url: http://127.0.0.1:9000}, reports: {url: http://127.0.0.1:9001}}"
ROUTES = "routes: [{name: reports, match: {path: /reports/**}, upstream: reports}]\n"
WHEN = "open_when: {consecutive_errors: 3}"


def rules_with(*breakers: str, rest: str = "") -> str:
    lines = "".join(f"  - {{{one}}}\n" for one in breakers)
    return rule_file(f"{ROUTES}{rest}breakers:\n{lines}", upstreams=TWO)


def serve(rules: RuleSet, path: str, status: int, now: float = START, times: int = 1) -> int:
    """How many requests are let through to an upstream that answers with ``status``."""
    passed = 0
    for _ in range(times):
        asked, passage = request(path), Passage()
        if admit(chain_of(rules, asked), asked, passage, now) is None:
            passed += 1
            heard = Heard(status, 0.01)
            settle(passage, asked, classify(status, 0.01, None, local=False, heard=heard), now)
    return passed


@pytest.mark.parametrize(
    "governs, refused",
    [
        ("", ["/", "/reports/1"]),
        ("upstream: reports, ", ["/reports/1"]),
        ("match: {route: reports}, ", ["/reports/1"]),
        ("match: {path: /reports/1}, ", ["/reports/1"]),
    ],
)
def test_what_it_governs(governs: str, refused: list[str]) -> None:
    rules = compiled(rules_with(f"name: a, {governs}{WHEN}"))
    assert serve(rules, "/reports/1", 500, times=9) == 3
    for path in ("/", "/reports/1"):
        expected = "breaker_open" if path in refused else ""
        assert refusal(rules, request(path), START) == expected


def test_in_shadow_it_refuses_nobody_and_is_warm_when_it_is_enforced() -> None:
    before = compiled(rules_with(f"name: a, {WHEN}, mode: shadow"))
    assert serve(before, "/", 500, times=20) == 20
    after = reloaded(rules_with(f"name: a, {WHEN}"), before, START)
    assert refusal(after, request(), START) == "breaker_open"


def test_one_in_shadow_does_not_change_what_another_decides() -> None:
    rules = compiled(
        rules_with(f"name: a, {WHEN}", "name: b, open_when: {consecutive_errors: 2}, mode: shadow")
    )
    assert serve(rules, "/", 500, times=9) == 3


def test_a_refusal_by_a_limit_takes_no_place_of_a_probe() -> None:
    limit = "rate_limits: [{name: all, limit: 1/h, burst: 4}]\n"
    rules = compiled(rules_with(f"name: a, {WHEN}, half_open: {{probes: 1}}", rest=limit))
    assert serve(rules, "/", 500, times=3) == 3
    later = START + 10.0
    ticket = request(), Passage()
    assert admit(chain_of(rules, ticket[0]), *ticket, later) is None
    assert refusal(rules, request(), later) == "rate_limited"


@pytest.mark.parametrize(
    "changed",
    [
        "open_when: {error_ratio: 50%, over: 1m, at_least: 500 requests}",
        f"{WHEN}, count_as_error: [503]",
        f"{WHEN}, open_for: {{first: 1s}}, half_open: {{probes: 1}}",
        f"{WHEN}, upstream: app",
    ],
)
def test_an_open_breaker_stays_open_when_its_rule_changes(changed: str) -> None:
    before = compiled(rules_with(f"name: a, {WHEN}"))
    serve(before, "/", 500, times=3)
    after = reloaded(rules_with(f"name: a, {changed}"), before, START)
    assert refusal(after, request(), START + 3.9) == "breaker_open"
    assert refusal(after, request(), START + 6.1) == ""


def test_another_name_starts_closed() -> None:
    before = compiled(rules_with(f"name: a, {WHEN}"))
    serve(before, "/", 500, times=3)
    after = reloaded(rules_with(f"name: b, {WHEN}"), before, START)
    assert refusal(after, request(), START) == ""
