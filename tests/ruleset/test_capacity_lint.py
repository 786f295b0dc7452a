"""Warnings about capacity: what is odd is told, what is plain is not."""

from __future__ import annotations

import pytest

from tests.ruleset.compiled import checked, rule_file

BOTS = "priorities: [{name: bots, match: {path: /bots}, level: low}]\n"
TOLD = "priorities: [{name: as-told, level: {header: x-priority}}]\n"
CALLERS = "trust: {callers: [10.0.0.0/8]}\n"
LINE = "concurrency: [{name: all, at_most: 5, queue: {at_most: 5}}]\n"
BY_ARRIVAL = LINE.replace("at_most: 5}", "at_most: 5, order: arrival}")
HOST = "overload: [{name: host, cpu: {shed_above: 85%}}]\n"
LOW_ONLY = HOST.replace("85%}", "85%}, shed_order: low")


@pytest.mark.parametrize(
    "text, codes",
    [
        (BOTS + LINE, []),
        (BOTS + HOST, []),
        (BOTS + "rate_limits: [{name: bots, match: {priority: low}, limit: 5/s}]", []),
        (BOTS, ["unused"]),
        (BOTS + BY_ARRIVAL, ["unused"]),
        (TOLD + LINE, ["nobody-trusted"]),
        (CALLERS + TOLD + LINE, []),
        (HOST, []),
        (LOW_ONLY, ["never-fires"]),
        (BOTS + LOW_ONLY, []),
        (CALLERS + TOLD + LOW_ONLY, []),
        (LOW_ONLY.replace("name: host", "name: host, mode: disabled"), []),
        ("concurrency: [{name: all, at_most: 10000}]", ["pointless-limit"]),
        ("concurrency: [{name: all, at_most: 9999}]", []),
        ("concurrency: [{name: all, at_most: 10000, upstream: app}]", []),
    ],
)
def test_warnings(text: str, codes: list[str]) -> None:
    assert [one.code for one in checked(rule_file(text)).diagnostics] == codes


def test_an_entry_for_all_that_follows_hides_it_but_what_is_told_does_not() -> None:
    rest = "{name: rest, level: medium}"
    bots = "{name: bots, match: {path: /bots}, level: low}"
    told = "{name: as-told, level: {header: x-priority}}"
    hidden = rule_file(f"{CALLERS}priorities: [{told}, {rest}, {bots}]\n{HOST}")
    found = checked(hidden).diagnostics
    assert [one.message for one in found] == [
        "priority 'rest' takes every request of priority 'bots'"
    ]
    right = rule_file(f"{CALLERS}priorities: [{told}, {bots}, {rest}]\n{HOST}")
    assert checked(right).diagnostics == ()
