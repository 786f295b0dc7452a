"""``sidecar override``: gives rules another mode for a while; the panic lever."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from sidecar.admin import answers as a
from sidecar.commands import BAD_USAGE
from sidecar.commands.examples import examples
from sidecar.commands.held import show_controls, tell
from sidecar.commands.options import (
    ForOption,
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
    WhyOption,
    complete_rules,
)
from sidecar.commands.reaching import Reach, reached

EXAMPLES = examples(
    "sidecar override 'rate_limits/*' --mode shadow --for 10m --why 'the limit is wrong'",
    "sidecar override rate_limits/per-user --lift",
    "sidecar override",
)


class Mode(StrEnum):
    """What a rule may be made to do."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    DISABLED = "disabled"


def override_command(  # noqa: PLR0913 - each an option of its own
    rules: Annotated[
        str,
        typer.Argument(
            metavar="[RULES]",
            help="KIND/NAME, or a glob such as 'rate_limits/*'; without it, what holds is shown.",
            autocompletion=complete_rules,
            show_default=False,
        ),
    ] = "",
    *,
    mode: Annotated[Mode | None, typer.Option("--mode", help="What they do meanwhile.")] = None,
    length: ForOption = "10m",
    lift: Annotated[bool, typer.Option("--lift", help="Let the rule file say again.")] = False,
    why: WhyOption = "",
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Give rules another mode for a while: at once, over reloads and restarts, then no more.

    Exit status 0 when it was done, 1 when no sidecar was reached, 2 when no rule fits.
    """
    if rules and (mode is None) is not lift:
        typer.echo("sidecar: say either --mode MODE or --lift", err=True)
        raise typer.Exit(BAD_USAGE)
    with reached(Reach(socket, url, token, service), steers=bool(rules)) as running:
        if not rules:
            held = running.ask("/v1/overrides", a.OverrideList).overrides
            show_controls(held, "no override holds", as_json=as_json)
            return
        if lift or mode is None:
            query = {"rules": rules, "why": why}
            lifted = a.ControlAnswer
            control = running.tell_by_query("DELETE", "/v1/overrides", query, lifted)
        else:
            wish = {"rules": rules, "mode": mode.value, "for": length, "why": why}
            control = running.tell("POST", "/v1/overrides", wish, a.ControlAnswer)
    said = "lifted: the rule file says again" if lift else ""
    tell(control, said, as_json=as_json)
    if not as_json:
        _show_rules(control.rules)


def _show_rules(rules: list[str]) -> None:
    console = Console(highlight=False)
    for rule in rules:
        console.print(Text(f"  {rule}", "dim"))
