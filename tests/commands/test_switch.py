from __future__ import annotations

import pytest

from tests.admin.running import SWITCHED
from tests.commands.beside import Beside, sidecar_beside
from tests.commands.invoking import invoked


def test_without_switches_there_are_none(beside: Beside) -> None:
    assert beside.running.changes() == []
    assert invoked("switch") == (0, "no switches in the rule file\n")
    assert invoked("switch", "--json") == (0, "[]\n")
    assert invoked("switch", "degrade", "on") == (2, "sidecar: there is no switch\n")
    assert invoked("switch", "degrade", "up")[0] == 2


def test_on_for_a_while_and_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with sidecar_beside(SWITCHED) as beside:
        monkeypatch.setenv("SIDECAR_ADMIN_SOCKET", beside.socket)
        assert invoked("switch") == (0, "degrade is off\n")
        status, output = invoked("switch", "degrade", "on", "--for", "2m")
        assert (status, output.split(" until ")[0]) == (0, "switch degrade is on")
        assert beside.running.live.controls.switch("degrade").is_on
        assert "degrade is on for another 1m 5" in invoked("switch", "degrade")[1]
        assert invoked("switch", "degrade", "off") == (0, "switch degrade is off\n")
        assert not beside.running.live.controls.switch("degrade").is_on
        assert invoked("switch", "degrade", "off")[0] == 2
        status, output = invoked("switch", "degrad", "on")
        assert (status, output) == (
            2, "sidecar: there is no switch 'degrad'; did you mean degrade?\n",
        )  # fmt: skip
