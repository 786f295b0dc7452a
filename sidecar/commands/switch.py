"""``sidecar switch``: shows switches, and turns one on for a while, or off."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from sidecar.admin import answers as a
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
    complete_switches,
)
from sidecar.commands.reaching import Reach, reached
from sidecar.commands.wording import lasting

EXAMPLES = examples(
    "sidecar switch",
    "sidecar switch degrade-order-list on --for 30m --why 'the sale'",
    "sidecar switch degrade-order-list off",
)


class Throw(StrEnum):
    """The two ways."""

    ON = "on"
    OFF = "off"


def switch_command(  # noqa: PLR0913 - each an option of its own
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="A switch of the rule file; without it, all are shown.",
            autocompletion=complete_switches,
            show_default=False,
        ),
    ] = "",
    way: Annotated[
        Throw | None, typer.Argument(help="On for a while, or off.", show_default=False)
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
    """Show the switches, or turn one on for a while, or off.

    Exit status 0 when it was done, 1 when no sidecar was reached, 2 when there is no such switch.
    """
    with reached(Reach(socket, url, token, service), steers=way is not None) as running:
        if way is None:
            there_are = running.ask("/v1/switches", a.SwitchList).switches
            _show([one for one in there_are if name in {"", one.name}], as_json=as_json)
            return
        wish = {"on": way is Throw.ON, "for": length, "why": why}
        control = running.tell("PUT", f"/v1/switches/{name}", wish, a.ControlAnswer)
    tell(control, "" if way is Throw.ON else "off", as_json=as_json)


def _show(switches: list[a.SwitchAnswer], *, as_json: bool) -> None:
    if as_json:
        typer.echo(as_text(switches))
        return
    console = Console(highlight=False, soft_wrap=True)
    for one in switches:
        left = f" for another {lasting(one.control.seconds_left)}" if one.control else ""
        state = (f"on{left}", "bold yellow") if one.on else ("off", "dim")
        console.print(Text.assemble((one.name, "bold"), " is ", state))
    if not switches:
        console.print("no switches in the rule file")
