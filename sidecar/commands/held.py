"""What is held by hand, as commands show it after a change and when asked."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from sidecar.admin import answers as a
from sidecar.commands.status_text import control_line
from sidecar.commands.wording import at, lasting


def tell(control: a.ControlAnswer, said: str = "", *, as_json: bool) -> None:
    """What was just changed; ``said`` where it no longer holds."""
    if as_json:
        typer.echo(as_text(control))
        return
    what = f"{control.what} {control.target}"
    if said:
        line = Text.assemble((what, "bold"), f" is {said}")
    else:
        until = f" until {at(control.until)}, for {lasting(control.seconds_left)}"
        line = Text.assemble((what, "bold"), " is ", (control.setting, "bold yellow"), until)
    Console(highlight=False, soft_wrap=True).print(line)


def show_controls(controls: Sequence[a.ControlAnswer], nothing: str, *, as_json: bool) -> None:
    """Everything of a sort that holds."""
    if as_json:
        typer.echo(as_text(controls))
        return
    console = Console(highlight=False, soft_wrap=True)
    for control in controls:
        console.print(control_line(control))
    if not controls:
        console.print(nothing)


def as_text(answer: object) -> str:
    """An answer as JSON, for ``--json``."""
    return msgspec.json.encode(answer).decode()
