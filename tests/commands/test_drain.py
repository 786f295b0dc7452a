from __future__ import annotations

import json

from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def test_no_new_requests_and_then_some_again(beside: Beside) -> None:
    assert invoked("drain") == (0, "draining (by hand); 0 requests run\n")
    assert beside.running.inside.readiness.reason == "draining"
    assert invoked("drain", "--off") == (0, "requests are welcome; 0 requests run\n")
    assert beside.running.inside.readiness.reason == ""
    assert json.loads(invoked("drain", "--json")[1])["draining"] is True


def test_stopping(beside: Beside) -> None:
    assert invoked("drain", "--stop", "--off")[0] == 2
    assert beside.running.stopped == 0
    assert invoked("drain", "--stop", "--why", "enough")[0] == 0
    assert beside.running.stopped == 1
