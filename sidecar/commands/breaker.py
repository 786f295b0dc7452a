"""``sidecar breaker``: shows breakers, and holds one open or closed for a while."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from sidecar.admin import answers as a
from sidecar.commands import BAD_USAGE
from sidecar.commands.examples import examples
from sidecar.commands.held import as_text, tell
from sidecar.commands.options import (
    ForOption,
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
    WhyOption,
    complete_breakers,
)
from sidecar.commands.reaching import Reach, reached
from sidecar.commands.status_text import breakers_table

EXAMPLES = examples(
    "sidecar breaker",
    "sidecar breaker inventory open --for 15m --why 'maintenance'",
    "sidecar breaker inventory auto",
)


class Want(StrEnum):
    """What a breaker may be made to do."""

    OPEN = "open"
    CLOSED = "closed"
    AUTO = "auto"


def breaker_command(  # noqa: PLR0913 - each an option of its own
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="A breaker of the rule file; without it, all are shown.",
            autocompletion=complete_breakers,
            show_default=False,
        ),
    ] = "",
    state: Annotated[
        Want | None,
        typer.Argument(help="Hold it so; auto lets it decide by itself again.", show_default=False),
    ] = None,
    *,
    length: ForOption = "10m",
    why: WhyOption = "",
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Show the breakers, or hold one open or closed for a while.

    Exit status 0 when it was done, 1 when no sidecar was reached, 2 when there is no such breaker.
    """
    with reached(Reach(socket, url, token, service), steers=state is not None) as running:
        if state is None:
            shown = running.ask("/v1/breakers", a.BreakerList)
            _show(shown, name, as_json=as_json)
        elif state is Want.AUTO:
            path = f"/v1/breakers/{name}"
            lifted = running.tell_by_query("DELETE", path, {"why": why}, a.ControlAnswer)
            tell(lifted, "left to itself again", as_json=as_json)
        else:
            wish = {"state": state.value, "for": length, "why": why}
            held = running.tell("PUT", f"/v1/breakers/{name}", wish, a.ControlAnswer)
            tell(held, as_json=as_json)


def _show(shown: a.BreakerList, name: str, *, as_json: bool) -> None:
    breakers = [one for one in shown.breakers if name in {"", one.name}]
    if name and not breakers:
        there_are = ", ".join(one.name for one in shown.breakers) or "none"
        typer.echo(f"sidecar: there is no breaker '{name}'; known: {there_are}", err=True)
        raise typer.Exit(BAD_USAGE)
    if as_json:
        typer.echo(as_text(breakers))
        return
    table = breakers_table(breakers)
    Console(highlight=False).print(table if table is not None else "no breakers in the rule file")
