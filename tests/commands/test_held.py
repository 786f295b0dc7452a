from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sidecar.admin.answers import ControlAnswer
from sidecar.commands.held import as_text, show_controls, tell

CONTROL = ControlAnswer(
    what="switch", target="degrade", setting="on", until=datetime(2026, 11, 11, tzinfo=UTC),
    seconds_left=90.0, by="ann", why="a sale", rules=[],
)  # fmt: skip


def test_what_was_changed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tell(CONTROL, as_json=False)
    tell(CONTROL, "off", as_json=False)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("switch degrade is on until ")
    assert first.endswith("for 1m 30s")
    assert second == "switch degrade is off"


def test_machines_get_the_answer_itself(capsys: pytest.CaptureFixture[str]) -> None:
    tell(CONTROL, as_json=True)
    assert json.loads(capsys.readouterr().out)["by"] == "ann"
    assert json.loads(as_text([CONTROL]))[0]["target"] == "degrade"


def test_everything_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    show_controls([CONTROL], "nothing holds", as_json=False)
    show_controls([], "nothing holds", as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "! switch degrade is on for another 1m 30s, by ann: a sale", "nothing holds",
    ]  # fmt: skip
