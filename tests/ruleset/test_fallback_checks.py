from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from tests.ruleset.compiled import compiled, rule_file

UPSTREAMS = "{app: {url: http://127.0.0.1:9000}, other: {url: http://127.0.0.1:9001}}"
ROUTES = """switches: [off]
routes:
  - {name: theirs, match: {path: /theirs}, upstream: other}
  - {name: own, match: {path: /own}}
"""
SAME = "{serve: upstream, upstream: app}"
OTHER = "{serve: upstream, upstream: other}"
STATIC = "{serve: static, body: {text: busy}}"


@pytest.mark.parametrize(
    "rule, told",
    [
        (f"when: any, try: [{OTHER}, {STATIC}]", []),
        (f"switch: off, when: any, try: [{STATIC}]", []),
        (f"when: any, upstream: app, try: [{SAME}]", ["fallback-to-itself"]),
        (f"when: any, match: {{route: own}}, try: [{SAME}]", ["fallback-to-itself"]),
        (f"when: any, match: {{route: theirs}}, try: [{SAME}]", []),
        (f"when: any, try: [{SAME}]", []),
        (f"when: any, upstream: app, try: [{SAME}], mode: disabled", []),
        (f"when: any, try: [{STATIC}, {STATIC}]", ["never-fires"]),
        (f"when: any, try: [{OTHER}, {OTHER}, {STATIC}]", []),
        (f"when: any, try: [{STATIC}], exercise: 1%, match: {{method: POST}}", ["never-fires"]),
        (f"when: any, try: [{STATIC}], exercise: 1%, match: {{method: [GET, POST]}}", []),
        (f"try: [{STATIC}]", ["incomplete"]),
        (f"switch: on, try: [{STATIC}]", ["unknown-switch"]),
    ],
)
def test_fallbacks(rule: str, told: list[str]) -> None:
    text = rule_file(f"{ROUTES}fallbacks:\n  - {{name: one, {rule}}}\n", upstreams=UPSTREAMS)
    found = check(text, "shop.yaml").diagnostics
    assert [one.code for one in found if one.code != "unused"] == told


def test_a_mistake_hides_no_other() -> None:
    rule = "{name: one, when: [ny], switch: of, try: [{serve: upstream, upstream: othr, x: 1}]}"
    found = check(rule_file(f"{ROUTES}fallbacks:\n  - {rule}\n", upstreams=UPSTREAMS), "shop.yaml")
    assert {one.code for one in found.diagnostics} == {
        "unknown-word", "unknown-switch", "unknown-upstream", "unknown-field",
    }  # fmt: skip


def test_an_upstream_that_only_stands_in_is_used() -> None:
    text = rule_file(
        f"fallbacks:\n  - {{name: one, when: any, try: [{OTHER}]}}\n", upstreams=UPSTREAMS
    )
    assert check(text, "shop.yaml").diagnostics == ()
    rules = compiled(text)
    (clause,) = rules.routes["other"].chain.fallbacks
    assert clause.label == "fallbacks/one"
    assert rules.towards["other"].chain.fallbacks == ()
