from __future__ import annotations

import pytest

from sidecar.offline.explain import Explanation, Says, explain
from sidecar.offline.question import Question
from sidecar.ruleset.keys import compile_keys
from tests.ruleset.compiled import checked, compiled, rule_file

TEXT = rule_file(
    """
keys: {user: {from: header, name: x-user, or: ip, believe: anyone}, ip: {from: client.address}}
routes: [{name: orders, match: {path: /orders}}]
access:
  - {name: scalpers, deny: {client_ip: 203.0.113.0/24}, why: "They buy everything."}
  - {name: admin, match: {path: /admin/**}, allow: {client_ip: 10.0.0.0/8}}
rate_limits:
  - {name: each, per: user, limit: 5/s, burst: 2}
  - {name: all, limit: 1/s, burst: 1, mode: shadow}
  - {name: orders, match: {route: orders}, limit: 100/s}
  - {name: other-upstream, upstream: spare, limit: 1/s}
  - {name: off, limit: 1/s, mode: disabled}
""",
    upstreams="{app: {url: http://127.0.0.1:9000}, spare: {url: http://127.0.0.1:9001}}",
)


def explained(line: str, *headers: str, client: str = "192.0.2.1", number: int = 1) -> Explanation:
    good = checked(TEXT)
    assert good.file is not None
    question = Question(line, headers, client)
    return explain(good.file, compiled(TEXT), compile_keys(good.file), question, number=number)


def says(found: Explanation) -> dict[str, Says]:
    return {one.rule.label: one.says for one in found.verdicts}


def test_every_rule_says_what_it_makes_of_the_request() -> None:
    found = explained("GET /orders", "x-user: ann")
    assert says(found) == {
        "access/scalpers": Says.ADMITS,
        "access/admin": Says.NOT_CONCERNED,
        "rate_limits/each": Says.ADMITS,
        "rate_limits/all": Says.ADMITS,
        "rate_limits/orders": Says.ADMITS,
        "rate_limits/other-upstream": Says.NOT_CONCERNED,
    }
    assert found.decisive is None
    assert (found.route, found.upstream, found.priority) == ("orders", "app", "medium")
    assert found.keys == {"user": "ann", "ip": "192.0.2.1"}


def test_the_decisive_rule_is_named_with_its_line_its_reason_and_its_numbers() -> None:
    found = explained("GET /", "x-user: ann", number=3)
    decisive = found.decisive
    assert decisive is not None
    assert decisive.rule.label == "rate_limits/each"
    assert decisive.rule.source.startswith("shop.yaml:")
    assert decisive.facts["limit"] == "5/s"
    assert decisive.facts["available"] == 0.0
    assert decisive.reply is not None
    assert (decisive.reply.status, decisive.reply.retry_after) == (
        429,
        decisive.facts["retry_after"],
    )


def test_what_comes_after_a_refusal_is_said_to_be_moot() -> None:
    found = explained("GET /orders", client="203.0.113.9")
    assert found.decisive is not None
    assert found.decisive.rule.why == "They buy everything."
    moot = {one.rule.label for one in found.verdicts if one.is_moot}
    assert "rate_limits/each" in moot
    assert "access/scalpers" not in moot


def test_shadow_rules_say_what_they_would_have_done() -> None:
    assert says(explained("GET /", number=2))["rate_limits/all"] is Says.WOULD_REFUSE


def test_requests_before_it_count_only_as_far_as_they_were_let_in() -> None:
    """Who is refused takes nothing: the hundredth is told the same as the third."""
    third, hundredth = (explained("GET /", number=number) for number in (3, 100))
    assert third.decisive is not None
    assert hundredth.decisive is not None
    assert third.decisive.facts == hundredth.decisive.facts


def test_asking_changes_nothing() -> None:
    good = checked(TEXT)
    assert good.file is not None
    rules, keys = compiled(TEXT), compile_keys(good.file)
    once, again = (explain(good.file, rules, keys, Question("GET /")) for _ in range(2))
    assert [one.facts for one in once.verdicts] == [one.facts for one in again.verdicts]


@pytest.mark.parametrize(
    "active, because",
    [
        ("{from: 2099-01-01T08:00:00+08:00}", "it rests until 2099-01-01 00:00 UTC"),
        ("{to: 1970-01-01T00:00:00Z}", "its time is over"),
    ],
)
def test_a_rule_outside_of_its_window_rests(active: str, because: str) -> None:
    text = rule_file(f"rate_limits: [{{name: sale, limit: 1/s, active: {active}}}]")
    good = checked(text)
    assert good.file is not None
    question = Question("GET /", (), "192.0.2.1")
    found = explain(good.file, compiled(text), compile_keys(good.file), question)
    assert [(one.says, one.because) for one in found.verdicts] == [(Says.NOT_CONCERNED, because)]
