from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sidecar import __version__
from tests.commands.invoking import invoked

HELLO = str(Path(__file__).parents[1] / "rules" / "hello.rules.yaml")

#: Says which modules of ours and of others a command has left behind.
_MODULES_AFTER = """
import sys
from sidecar.cli import app
app(sys.argv[1:], standalone_mode=False)
print(*sorted(sys.modules), sep=chr(10))
"""


def test_the_version() -> None:
    assert invoked("--version") == (0, f"sidecar {__version__}\n")


@pytest.mark.parametrize("command", ["check", "schema"])
def test_help_shows_examples(command: str) -> None:
    status, output = invoked(command, "--help")
    assert status == 0
    assert f"sidecar {command}" in " ".join(output.replace("│", " ").split())
    assert "Example" in output


def test_what_is_no_command_is_a_usage_error() -> None:
    assert invoked("chekc")[0] == 2
    assert invoked("check")[0] == 2
    assert invoked("check", "--format", "xml", HELLO)[0] == 2
    assert "Did you mean 'check'" in invoked("chekc")[1]


def test_help_has_every_command_under_its_heading() -> None:
    status, output = invoked("--help")
    assert status == 0
    first, running = output.partition("Commands")[2].split("A sidecar that runs")
    assert [line.split()[1] for line in first.splitlines() if line[2:3].isalpha()] == [
        "init", "check", "run", "explain", "diff", "doctor", "alerts", "schema", "provision",
    ]  # fmt: skip
    named = [line.split()[1] for line in running.splitlines() if line[2:3].isalpha()]
    assert named == [
        "status", "top", "tap", "trace", "traces", "override", "switch", "breaker", "drain",
        "log-level",
    ]  # fmt: skip


def test_one_command_carries_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MODULES_AFTER, "check", HELLO],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = done.stdout.split()
    assert "sidecar.commands.check" in modules
    others = ("sidecar.commands.diff", "sidecar.alerting", "sidecar.offline", "sidecar.provision")
    assert [name for name in modules if name.startswith(others)] == []
