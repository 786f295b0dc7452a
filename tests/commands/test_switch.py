from __future__ import annotations

from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def test_without_switches_there_are_none(beside: Beside) -> None:
    assert beside.running.changes() == []
    assert invoked("switch") == (0, "no switches in the rule file\n")
    assert invoked("switch", "--json") == (0, "[]\n")
    assert invoked("switch", "degrade", "on") == (2, "sidecar: there is no switch\n")
    assert invoked("switch", "degrade", "up")[0] == 2
