"""What the data path is handed: nothing left to look up, nothing that changes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.policy import GateBasics, Mode, Rule, Stage, Ticket
from sidecar.model.verdict import ADMIT, Verdict
from sidecar.ruleset.routes import Chain, ListenerLimits, ListenerRules, Step, Timeouts
from tests.ruleset.compiled import Count, compiled, request, rule_file


class _Settling(GateBasics):
    stage = Stage.CONCURRENCY
    settles = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def peek(self, asked: RequestHead, now: float) -> Verdict:
        self.asked.append(f"peek {asked.method} {now}")
        return ADMIT

    def take(self, asked: RequestHead, now: float) -> Ticket:
        self.asked.append(f"take {asked.method} {now}")
        return 7

    def adopt(self, predecessor: _Settling, now: float) -> None:
        raise NotImplementedError


def test_a_step_has_at_hand_what_is_asked_per_request() -> None:
    gate, count = _Settling(), Count()
    step = Step(Rule("limits", "a-b", Mode.SHADOW, "x.yaml:3"), gate, None, count, 4)
    assert (step.label, step.order, step.settles, step.matches) == ("limits/a-b", 4, True, None)
    assert step.tally is count
    assert step.peek(request(), 1.5) is ADMIT
    assert step.take(request(method="PUT"), 2.5) == 7
    assert gate.asked == ["peek GET 1.5", "take PUT 2.5"]


def test_defaults_are_those_that_the_documentation_names() -> None:
    limits = ListenerLimits()
    assert (limits.head.request_line, limits.head.header_bytes) == (8 << 10, 64 << 10)
    assert (limits.head.header_count, limits.body) == (100, 4 << 30)
    assert (limits.head_within, limits.body_rate, limits.body_grace) == (10.0, 100.0, 10.0)
    assert (limits.connections, limits.connections_per_client) == (10_000, 256)
    assert Timeouts() == Timeouts(request=30.0, per_try=15.0, idle=60.0)
    assert ListenerRules() == ListenerRules(limits, keep_alive=60.0, probes=frozenset())


def test_a_rule_set_cannot_be_changed_while_requests_hold_it() -> None:
    rules = compiled(rule_file())
    with pytest.raises(FrozenInstanceError):
        rules.version = "other"  # type: ignore[misc]  # what is tested
    with pytest.raises(FrozenInstanceError):
        rules.trust.disclose = "rule"  # type: ignore[misc]  # the same
    with pytest.raises(FrozenInstanceError):
        Chain().enforced = ()  # type: ignore[misc]  # the same
