from __future__ import annotations

from pathlib import Path

import pytest

from sidecar import __version__
from tests.commands.invoking import invoked

HELLO = str(Path(__file__).parents[1] / "rules" / "hello.rules.yaml")


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
