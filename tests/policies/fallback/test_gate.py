from __future__ import annotations

from typing import Any

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.policy import Stage
from sidecar.policies.fallback import Elsewhere, Fallback, FallbackSpec
from sidecar.policies.fallback.gate import REASONS
from sidecar.telemetry.reasons import REASONS as DECLARED
from tests.policies.building import World

STATIC = {"serve": "static"}
OTHER = {"serve": "upstream", "upstream": "other", "timeout": "400ms"}


def fallback(*steps: dict[str, Any], world: World | None = None, **fields: Any) -> Fallback:
    spec = FallbackSpec.model_validate({"name": "stock", "try": steps or [STATIC], **fields})
    return spec.build((world or World()).context(kind="fallbacks", name="stock"))


def request(number: int = 0, method: str = "GET") -> RequestHead:
    head = RequestHead(method, b"/", 1)
    head.decision = b"%016x" % number
    return head


def readings(rule: Fallback, name: str) -> dict[str, float]:
    return {one.label: one.value for one in rule.readings(0.0) if one.name == name}


def test_every_reason_is_declared() -> None:
    declared = {reason.name for reason in DECLARED}
    assert frozenset().union(*REASONS.values()) <= declared


@pytest.mark.parametrize("word", REASONS)
def test_a_word_stands_for_its_reasons_and_any_for_all(word: str) -> None:
    alone, every = fallback(when=word), fallback(when="any")
    for other, reasons in REASONS.items():
        for reason in reasons:
            assert alone.answers_for(reason, 0) is (other == word)
            assert every.answers_for(reason, 0)


@pytest.mark.parametrize("when", ["any", "upstream_5xx", "timeout"])
def test_statuses(when: str) -> None:
    rule = fallback(when=when)
    answered = [rule.answers_for("", status) for status in (404, 429, 499, 500, 503, 599)]
    assert answered == [False, False, False, *([when != "timeout"] * 3)]


@pytest.mark.parametrize(
    "reason", ["access_denied", "client_gone", "deadline_exceeded", "drain_expired", "draining"]
)
def test_nothing_stands_in_for_what_is_meant(reason: str) -> None:
    assert not fallback(when="any").answers_for(reason, 0)


def test_a_switch_needs_no_protected_upstream() -> None:
    world = World()
    rule = fallback(switch="off", world=world)
    assert (rule.is_switched_on, rule.answers_for("breaker_open", 0)) == (False, False)
    world.controls.switch("off").turn(on=True)
    assert (rule.is_switched_on, rule.answers_for("breaker_open", 0)) == (True, True)
    assert not rule.answers_for("rate_limited", 0)


def test_steps_have_names() -> None:
    rule = fallback(OTHER, STATIC, when="any")
    assert [label for label, _ in rule.steps] == ["1-upstream", "2-static"]
    assert rule.steps[0][1] == Elsewhere("other", 0.4)
    assert rule.stage is Stage.FALLBACK


def test_a_share_of_harmless_requests_is_tried_on() -> None:
    rule = fallback(when="any", exercise="10%")
    tried = sum(rule.is_tried_on(request(number)) for number in range(10_000))
    assert 850 < tried < 1150
    always = fallback(when="any", exercise="100%")
    upgrade, body = request(), request()
    upgrade.asks_upgrade, body.content_length = b"websocket", 5
    assert always.is_tried_on(request())
    for asked in (request(method="HEAD"), request(method="POST"), upgrade, body):
        assert not always.is_tried_on(asked)
    always.trying = 4
    assert not always.is_tried_on(request())
    assert not fallback(when="any").is_tried_on(request())


def test_counts_go_on_over_a_reload_whatever_its_steps_are() -> None:
    before, after = fallback(OTHER, STATIC, when="any"), fallback(STATIC, when="any")
    before.answered("2-static")
    before.answered("none")
    before.tried(well=False)
    after.adopt(before, 1.0)
    after.answered("1-static")
    after.tried(well=True)
    assert readings(after, "fallback_answers") == {
        "1-static": 1, "1-upstream": 0, "2-static": 1, "none": 1,
    }  # fmt: skip
    assert readings(after, "fallback_trials") == {"success": 1, "failure": 1}
