from __future__ import annotations

from sidecar.model.http import RequestHead
from sidecar.model.outcome import classify
from sidecar.model.policy import GateBasics, Stage
from sidecar.model.verdict import Place


def test_the_chain_runs_from_who_may_come_in_to_whether_the_upstream_is_well() -> None:
    assert [stage.name for stage in sorted(Stage)] == [
        "IDENTITY",
        "ACCESS",
        "FAULT",
        "KEYED_LIMIT",
        "CACHE",
        "OVERLOAD",
        "SHARED_LIMIT",
        "PEAK_SHAVING",
        "CONCURRENCY",
        "BREAKER",
        "RETRY",
        "FALLBACK",
    ]


def test_a_gate_that_says_nothing_else_has_nothing_to_settle() -> None:
    gate = GateBasics()
    request = RequestHead("GET", b"/", 1)
    assert not gate.settles
    gate.settle(request, 0, classify(200, 0.1, None, local=False), 1.0)
    gate.leave(request, Place())
