from __future__ import annotations

import re

from benchmarks.growth import other_rules


def test_each_route_brings_an_access_rule_and_a_limit() -> None:
    rules = other_rules(250)

    names = {section: re.findall(r"name: ([a-z0-9-]+)", text) for section, text in rules.items()}
    assert {section: len(set(found)) for section, found in names.items()} == {
        "OTHER_ROUTES": 250,
        "OTHER_ACCESS": 250,
        "OTHER_LIMITS": 250,
    }


def test_none_of_them_applies_to_what_is_measured() -> None:
    rules = other_rules(3)

    assert "/api" not in "".join(rules.values())
    assert rules["OTHER_LIMITS"].count("match: {route: other-") == 3
