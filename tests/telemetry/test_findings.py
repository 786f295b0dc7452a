from __future__ import annotations

import ast
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path

import pytest

import sidecar
from sidecar.model.policy import Mode, Rule
from sidecar.telemetry.evidence import Finding, Said
from sidecar.telemetry.findings import (
    FACTS,
    fact_attributes,
    outcome_of,
    rule_attributes,
)
from tests.telemetry.exchanges import EACH_USER


def test_numbers_are_of_the_declared_type_whatever_a_gate_gave() -> None:
    assert fact_attributes({"burst": 10, "openings": 2.0, "limit": "5/s"}) == {
        "sidecar.decision.burst": 10.0,
        "sidecar.decision.openings": 2,
        "sidecar.decision.limit": "5/s",
    }


@pytest.mark.parametrize("value", ["unknown", nan, inf])
@pytest.mark.parametrize("name", ["cpu", "openings"])
def test_a_number_that_is_not_known_is_left_out(name: str, value: str | float) -> None:
    assert fact_attributes({name: value}) == {}


def test_a_value_is_told_by_its_fingerprint_alone() -> None:
    told = fact_attributes({"key": "user", "value": "ali…", "key_hash": "4deaec0cce54da89"})
    assert told == {"sidecar.key.name": "user", "sidecar.key.hash": "4deaec0cce54da89"}


def test_what_nobody_has_declared_is_not_told() -> None:
    assert fact_attributes({"host": "secret.example", "anything": 1}) == {}


def test_no_two_facts_of_one_gate_share_a_name() -> None:
    shared = [one.name for one in FACTS.values()]
    assert {name for name in shared if shared.count(name) > 1} == {"sidecar.key.name"}


def test_a_rule_is_told_with_what_its_author_said() -> None:
    assert rule_attributes(EACH_USER) == {
        "sidecar.rule.kind": "rate_limits",
        "sidecar.rule.name": "each-user",
        "sidecar.rule.mode": "enforce",
        "sidecar.rule.source": "shop.rules.yaml:12",
        "sidecar.rule.why": "fair to all",
        "sidecar.rule.labels": ["team=checkout"],
    }


def test_a_path_that_is_no_unicode_can_be_read_and_encoded() -> None:
    rule = Rule("access", "bots", Mode.ENFORCE, "sh\udcffp.yaml:3")
    assert rule_attributes(rule)["sidecar.rule.source"] == "sh\\udcffp.yaml:3"


@pytest.mark.parametrize(
    "said, outcome",
    [
        (Said.REFUSED, "refused"),
        (Said.WOULD_REFUSE, "refused"),
        (Said.PARKED, "parked"),
        (Said.ADMITTED, ""),
        (Said.NOT_ASKED, ""),
    ],
)
def test_outcomes_are_the_words_that_decisions_are_counted_by(said: Said, outcome: str) -> None:
    assert outcome_of(Finding(EACH_USER, said, {})) == outcome


#: What gates know and the log does not tell, with the reason.
_LEFT_OUT = {
    "host": "the request's own, told as server.address",
    "priority": "the request's own, told as sidecar.priority",
    "retry_after": "told once for each decision",
    "exempt": "of those who are let in",
    "token": "of those who are let in",
    "seconds_left": "of those who are let in",
}
_GIVEN_IN = {"facts", "_facts", "_refusal", "measured", "_probed", "peek", "_judge", "force"}


def test_every_fact_that_a_gate_gives_has_a_name_or_a_reason_to_have_none() -> None:
    given = set(_facts_in_code())
    assert {"available", "retry_after", "state", "openings", "because", "key_hash"} <= given
    assert given - set(FACTS) == set(_LEFT_OUT)


def _facts_in_code() -> Iterator[str]:
    package = Path(sidecar.__file__).parent
    files = [*package.glob("policies/**/*.py"), *package.glob("algorithms/*.py")]
    for path in [*files, package / "ruleset" / "strangers.py"]:
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name in _GIVEN_IN:
                for node in ast.walk(function):
                    yield from _names_in(node)


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        names = [one for one in node.keys if one is not None]
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        names = [node.slice]
    else:
        return
    for name in names:
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and "." not in name.value:
            yield name.value
