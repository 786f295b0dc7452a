from __future__ import annotations

import json

from sidecar.model.policy import Mode, Rule
from sidecar.model.verdict import LocalReply
from sidecar.telemetry.evidence import Evidence, Finding, Said
from tests.commands.beside import Beside
from tests.commands.invoking import invoked
from tests.telemetry.records import make_record

EACH = Rule("rate_limits", "each", Mode.ENFORCE, "shop.yaml:9", "fair shares")
OFFICE = Rule("access", "office", Mode.ENFORCE, "shop.yaml:8")
CHAIN = (Finding(OFFICE, Said.ADMITTED, {}), Finding(EACH, Said.REFUSED, {"available": 0.25}))
REFUSED = make_record(
    rule="rate_limits/each", status=429, reason="rate_limited", span_id=b"00000000000000aa",
    evidence=Evidence(
        LocalReply(429, "rate_limited", "Too many requests.", 1.5), CHAIN[1:], CHAIN
    ),
)  # fmt: skip


def test_a_refusal_is_explained_rule_by_rule(beside: Beside) -> None:
    beside.do(lambda running: running.inside.decisions.feed([REFUSED]))
    status, output = invoked("explain", "00000000000000AA")
    assert status == 0
    for words in ("GET /orders/17?page=REDACTED from 192.0.2.7", "✓ access/office     admitted",
                  "✗ rate_limits/each  refused  shop.yaml:9  ◀", "available 0.25",
                  "why: fair shares",
                  "It was answered with 429 rate_limited: Too many requests. Come back in 1.5 s.",
                  ):  # fmt: skip
        assert words in output, output
    assert json.loads(invoked("explain", "000000", "--json")[1])["complete"] is True


def test_a_request_that_passed_or_failed(beside: Beside) -> None:
    passed = make_record(span_id=b"00000000000000bb")
    failed = make_record(span_id=b"00000000000000cc", status=504, reason="request_timeout")
    stood_in = make_record(
        span_id=b"00000000000000dd", fallback="fallbacks/stock", reason="timeout"
    )
    beside.do(lambda running: running.inside.decisions.feed([passed, failed, stood_in]))
    assert (
        "fallbacks/stock answered with 200 for timeout." in invoked("explain", "0" * 14 + "dd")[1]
    )
    assert "It was answered with 200 by 127.0.0.1:9000." in invoked("explain", "0" * 14 + "bb")[1]
    assert "504 by 127.0.0.1:9000: request_timeout." in invoked("explain", "0" * 14 + "cc")[1]


def test_a_decision_that_nobody_remembers(beside: Beside) -> None:
    assert beside.running.changes() == []
    status, output = invoked("explain", "ffffffffffffffff")
    assert status == 2
    assert "no decision ffffffffffffffff is remembered" in output
