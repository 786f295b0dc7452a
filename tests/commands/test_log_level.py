from __future__ import annotations

from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def test_shown_and_changed(beside: Beside) -> None:
    assert invoked("log-level") == (0, "logs INFO and above\n")
    assert invoked("log-level", "warn") == (0, "logs WARN and above\n")
    assert invoked("log-level", "--json") == (0, '{"level":"WARN"}\n')
    assert beside.running.inside.log.level == "WARN"
    status, output = invoked("log-level", "loud")
    assert status == 2
    assert "'loud' is no level: write DEBUG or INFO or WARN or ERROR" in output
