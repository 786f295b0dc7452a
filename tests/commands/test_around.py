"""The command after ``--``, told apart from the options before it."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from sidecar.commands.around import Around, command_after

app = typer.Typer()


@app.command(cls=Around)
def main(
    ctx: typer.Context, rules: str = typer.Argument(envvar="RULES"), *, quick: bool = False
) -> None:
    """Say what was understood."""
    typer.echo(f"{rules} {quick} {command_after(ctx)}")


@pytest.mark.parametrize(
    "arguments, understood",
    [
        (["a.yaml"], "a.yaml False None"),
        (["a.yaml", "--quick"], "a.yaml True None"),
        (["a.yaml", "--"], "a.yaml False ()"),
        (["--quick", "a.yaml", "--", "app"], "a.yaml True ('app',)"),
        (["a.yaml", "--", "app", "--quick", "-u"], "a.yaml False ('app', '--quick', '-u')"),
        (["a.yaml", "--", "sh", "-c", "--", "x"], "a.yaml False ('sh', '-c', '--', 'x')"),
        (["--", "app"], "from-env False ('app',)"),
    ],
)
def test_what_is_understood(arguments: list[str], understood: str) -> None:
    result = CliRunner().invoke(app, arguments, env={"RULES": "from-env"})
    assert result.output.strip() == understood


def test_a_second_argument_is_no_command() -> None:
    result = CliRunner().invoke(app, ["a.yaml", "app"])
    assert result.exit_code == 2


def test_the_help_says_that_there_may_be_one() -> None:
    assert "[-- COMMAND...]" in CliRunner().invoke(app, ["--help"]).output
