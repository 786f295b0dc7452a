from __future__ import annotations

import json
import threading
import time

from tests.commands.beside import Beside
from tests.commands.invoking import invoked
from tests.telemetry.records import make_record

REFUSED = make_record(
    rule="rate_limits/each", status=429, reason="rate_limited", span_id=b"00000000000000aa"
)


def fed(beside: Beside) -> threading.Thread:
    """Feeds decisions once somebody listens."""

    def feed() -> None:
        for _ in range(500):
            if beside.do(lambda running: len(running.inside.decisions._listeners)):
                break
            time.sleep(0.01)  # noqa: TID251 - the command runs in the test's thread
        beside.do(lambda running: running.inside.decisions.feed([make_record(), REFUSED]))

    thread = threading.Thread(target=feed)
    thread.start()
    return thread


def test_decisions_are_shown_as_they_fall(beside: Beside) -> None:
    thread = fed(beside)
    status, output = invoked("tap", "--count", "2")
    thread.join(10.0)
    assert status == 0
    first, second = output.splitlines()
    assert "200" in first
    assert "GET /orders/17?page=REDACTED" in first
    assert "✗ rate_limits/each" in second
    assert second.endswith("00000000000000aa")


def test_only_what_is_asked_for_is_shown(beside: Beside) -> None:
    thread = fed(beside)
    status, output = invoked("tap", "--refused", "--count", "1", "--json")
    thread.join(10.0)
    assert status == 0
    assert json.loads(output)["rule"] == "rate_limits/each"


def test_what_cannot_be_asked_for(beside: Beside) -> None:
    assert beside.running.changes() == []
    assert invoked("tap", "--refused", "--failed")[0] == 2
    status, output = invoked("tap", "--status", "many")
    assert (status, output) == (
        2, "sidecar: 'many' is no status: write one such as 429, or a class such as 5xx\n",
    )  # fmt: skip
