"""How a command that provisions ends: what it shows, and what it exits with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import typer
from pydantic_core import PydanticCustomError
from rich.console import Console

from sidecar.commands import FAILED, OK
from sidecar.commands.provision_text import step_lines, summary
from sidecar.provision.step import Step, What


class Unusable(Exception):  # noqa: N818 - reads as what it says
    """What was asked for cannot be; says why."""


def show(steps: Sequence[Step], heading: str, *, dry_run: bool, as_json: bool) -> NoReturn:
    """Every step, and the exit status that follows from them."""
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(steps), indent=2, ensure_ascii=False))
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(heading, markup=False)
        for step in steps:
            for line in step_lines(step):
                console.print(line)
        console.print(summary(steps, dry_run=dry_run))
    raise typer.Exit(FAILED if any(step.what is What.REFUSED for step in steps) else OK)


def words(error: Unusable | PydanticCustomError) -> str:
    """What is wrong with an argument, and what to write."""
    if isinstance(error, Unusable):
        return str(error)
    hint = (error.context or {}).get("hint", "")
    return f"{error.message()}; {hint}"


def ended(sentence: str, status: int) -> NoReturn:
    """Say why there is nothing to show, and exit."""
    typer.echo(f"sidecar: {sentence}", err=True)
    raise typer.Exit(status)
