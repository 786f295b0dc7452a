"""Runs commands in this process."""

from __future__ import annotations

from typer.testing import CliRunner

from sidecar.cli import app


def invoked(*arguments: str, text: str | bytes | None = None) -> tuple[int, str]:
    """The exit status of ``sidecar ARGUMENTS`` and what it wrote."""
    result = CliRunner().invoke(app, list(arguments), input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output
