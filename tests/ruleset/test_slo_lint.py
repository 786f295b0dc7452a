from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from tests.ruleset.compiled import rule_file

_PROBED = "{bind: 127.0.0.1:8080, probes: [/healthz]}"
_ROUTES = "routes: [{name: stock, match: {path: /skus}, upstream: app, listener: outbound}]\n"


def warned(slo: str) -> list[str]:
    found = check(rule_file(f"{_ROUTES}slo:\n{slo}", inbound=_PROBED), "shop.yaml")
    assert found.file is not None
    return [one.code for one in found.diagnostics if one.line > 5]


def objective(name: str, match: str = "{}", target: str = "99%", over: str = "1d") -> str:
    wanted = f"good: {{status_below: 500}}, target: {target}, over: {over}"
    return f"  - {{name: {name}, match: {match}, {wanted}}}\n"


@pytest.mark.parametrize(
    "match", ["{}", "{route: other}", "{route: [stock, other]}", "{path: [/healthz, /orders]}"]
)
def test_what_counts_something_is_right(match: str) -> None:
    assert warned(objective("up", match)) == []


@pytest.mark.parametrize("match", ["{route: stock}", "{path: /healthz}"])
def test_what_counts_nothing_is_told(match: str) -> None:
    assert warned(objective("up", match)) == ["never-fires"]


def test_two_targets_for_one_count_are_told_once() -> None:
    same = [objective(name, target=target) for name, target in (("a", "99%"), ("b", "98%"))]
    assert warned("".join(same)) == ["unused"]
    assert warned("".join([*same, objective("c")])) == ["unused"] * 2
    assert warned(objective("a") + objective("b", over="2d")) == []
    assert warned(objective("a") + objective("b", "{path: /b}")) == []
