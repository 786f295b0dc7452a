"""Rule sets that take the place of others: state follows a rule's kind and name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.model.http import RequestHead
from sidecar.ruleset.compiler import adopt
from tests.ruleset.compiled import admitted, compiled, refusal, reloaded, request, rule_file

START = 1000.0


def limits(*rules: str) -> str:
    """A rule file with these limits."""
    keys = """keys:
  client: {from: client.address}
  user: {from: header, name: x-user, believe: anyone}
"""
    lines = "".join(f"  - {{{rule}}}\n" for rule in rules)
    return rule_file(f"{keys}rate_limits:\n{lines}")


EACH = "name: each, limit: 10/s, burst: 10, per: client"
ALL = "name: all, limit: 10/s, burst: 10"


def somebody(client: str = "192.0.2.1", user: str = "eve") -> RequestHead:
    return request(client=client, x_user=user)


@pytest.mark.parametrize("rule", [EACH, ALL])
def test_a_limit_raised_in_the_middle_of_a_burst_refills_nothing(rule: str) -> None:
    before = compiled(limits(rule))
    assert admitted(before, somebody(), START) == 10
    raised = rule.replace("10/s", "100/s").replace("burst: 10", "burst: 100")
    after = reloaded(limits(raised), before, START)
    assert refusal(after, somebody(), START) == "rate_limited"
    # The larger burst is earned, at the new rate.
    assert admitted(after, somebody(), START + 0.1) == 10
    assert admitted(after, somebody(), START + 60.0) == 100


def test_a_lowered_limit_takes_what_no_longer_fits() -> None:
    before = compiled(limits(EACH))
    assert admitted(before, somebody(), START, most=3) == 3
    lowered = EACH.replace("10/s", "1/s").replace("burst: 10", "burst: 4")
    after = reloaded(limits(lowered), before, START)
    assert admitted(after, somebody(), START) == 4
    assert admitted(after, somebody(), START + 2.0) == 2


def test_whoever_was_quiet_is_as_free_as_before() -> None:
    before = compiled(limits(EACH))
    assert admitted(before, somebody(), START) == 10
    after = reloaded(limits(EACH.replace("10/s", "20/s")), before, START)
    assert admitted(after, somebody(client="192.0.2.9"), START) == 10
    assert admitted(after, somebody(), START) == 0


def test_the_algorithm_may_change_and_what_was_spent_stays_spent() -> None:
    before = compiled(limits(EACH))
    assert admitted(before, somebody(), START) == 10
    after = reloaded(limits(EACH.replace("burst: 10", "algorithm: gcra")), before, START)
    assert admitted(after, somebody(), START) == 0
    assert admitted(after, somebody(), START + 0.1) == 1


def test_from_shadow_to_enforce_a_rule_is_warm() -> None:
    before = compiled(limits(f"{EACH}, mode: shadow"))
    assert [refusal(before, somebody(), START) for _ in range(30)] == [""] * 30
    after = reloaded(limits(EACH), before, START)
    assert refusal(after, somebody(), START) == "rate_limited"
    assert refusal(after, somebody(client="192.0.2.9"), START) == ""


@pytest.mark.parametrize(
    "changed",
    [
        f"{EACH}, match: {{method: GET}}",
        f"{EACH}, match: {{path: /**}}",
        f"{EACH}, upstream: app",
        f"{EACH}, labels: {{team: web}}, why: because",
    ],
)
def test_what_a_rule_governs_may_change(changed: str) -> None:
    before = compiled(limits(EACH))
    assert admitted(before, somebody(), START) == 10
    assert admitted(reloaded(limits(changed), before, START), somebody(), START) == 0


def test_the_place_in_the_file_does_not_matter() -> None:
    before = compiled(limits(ALL, EACH))
    assert admitted(before, somebody(), START) == 10
    other = "name: others, limit: 50/s, per: client"
    after = reloaded(limits(other, EACH, ALL), before, START)
    assert admitted(after, somebody(), START) == 0
    assert admitted(after, somebody(), START + 0.5) == 5


@pytest.mark.parametrize(
    "changed",
    [
        EACH.replace("name: each", "name: everyone"),
        EACH.replace("per: client", "per: user"),
        EACH.replace("per: client", "per: [client, user]"),
        EACH.replace(", per: client", ""),
    ],
)
def test_another_name_or_another_key_starts_anew(changed: str) -> None:
    before = compiled(limits(EACH))
    assert admitted(before, somebody(), START) == 10
    assert admitted(reloaded(limits(changed), before, START), somebody(), START) == 10


def test_keys_in_another_order_are_the_same_keys() -> None:
    pair = EACH.replace("per: client", "per: [client, user]")
    before = compiled(limits(pair))
    assert admitted(before, somebody(), START) == 10
    turned = pair.replace("[client, user]", "[user, client]")
    assert admitted(reloaded(limits(turned), before, START), somebody(), START) == 0


def test_a_rule_that_was_gone_starts_anew() -> None:
    first = compiled(limits(EACH))
    assert admitted(first, somebody(), START) == 10
    gone = reloaded(limits(f"{EACH}, mode: disabled"), first, START)
    assert admitted(gone, somebody(), START, most=50) == 50
    assert admitted(reloaded(limits(EACH), gone, START), somebody(), START) == 10


def test_two_kinds_may_use_one_name() -> None:
    before = compiled(limits(ALL))
    assert admitted(before, somebody(), START) == 10
    text = limits(ALL) + "access: [{name: all, allow: {client_ip: 192.0.2.1}}]\n"
    after = reloaded(text, before, START)
    assert refusal(after, somebody(), START) == "rate_limited"
    assert refusal(after, somebody(client="192.0.2.9"), START) == "access_denied"


def test_a_request_with_the_rules_of_before_counts_in_those_of_now() -> None:
    before = compiled(limits(ALL))
    after = reloaded(limits(ALL.replace("10/s", "20/s")), before, START)
    assert admitted(before, somebody(), START, most=3) == 3
    assert admitted(after, somebody(), START) == 7
    assert refusal(before, somebody(), START) == "rate_limited"


def test_many_reloads_in_a_burst_let_no_more_through() -> None:
    rules = compiled(limits(ALL))
    total = 0
    for turn in range(50):
        now = START + turn * 0.02
        total += admitted(rules, somebody(), now)
        burst = 5 if turn % 2 else 10
        rules = reloaded(limits(ALL.replace("burst: 10", f"burst: {burst}")), rules, now)
    assert total <= 10 + 50 * 0.02 * 10


def test_a_gate_of_another_sort_is_nothing_to_go_on_with() -> None:
    before = compiled(limits(ALL) + "access: [{name: nobody, deny: {client_ip: 10.0.0.1}}]\n")
    strange = replace(
        before, policies={("rate_limits", "all"): before.policies["access", "nobody"]}
    )
    after = compiled(limits(ALL), before)
    adopt(after, strange, START)
    assert admitted(after, somebody(), START) == 10
