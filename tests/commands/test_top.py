from __future__ import annotations

from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def test_without_a_terminal_each_look_is_written_below_the_last(beside: Beside) -> None:
    status, output = invoked("top", "--every", "0.1", "--count", "2")
    assert status == 0
    assert output.count("ROUTE") == 2
    assert "\x1b" not in output
    assert " quit " not in output
    assert beside.running.changes() == []


def test_where_nobody_answers() -> None:
    assert invoked("top", "--socket", "/nowhere")[0] == 1
