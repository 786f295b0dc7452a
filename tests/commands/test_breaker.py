from __future__ import annotations

import json

from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def test_held_open_and_let_go(beside: Beside) -> None:
    assert "app      closed" in invoked("breaker")[1]
    status, output = invoked("breaker", "app", "open", "--for", "1m", "--why", "a move")
    assert (status, output.split(" until ")[0]) == (0, "breaker app is open")
    assert "open, held for" in invoked("breaker", "app")[1]
    (shown,) = json.loads(invoked("breaker", "--json")[1])
    assert (shown["state"], shown["forced"]["why"]) == ("open", "a move")
    assert invoked("breaker", "app", "auto") == (0, "breaker app is left to itself again\n")
    assert beside.running.changes()[-1][-1] == "lifted"


def test_a_breaker_that_there_is_not(beside: Beside) -> None:
    assert beside.running.changes() == []
    assert invoked("breaker", "ap") == (2, "sidecar: there is no breaker 'ap'; known: app\n")
    assert invoked("breaker", "ap", "open") == (
        2, "sidecar: there is no breaker 'ap'; did you mean app?\n",
    )  # fmt: skip
    assert invoked("breaker", "app", "auto")[0] == 2
    assert invoked("breaker", "app", "ajar")[0] == 2
