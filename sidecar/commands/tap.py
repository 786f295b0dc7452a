"""``sidecar tap``: decisions as they fall."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from sidecar.admin.decided import Decision
from sidecar.commands import BAD_USAGE
from sidecar.commands.examples import examples
from sidecar.commands.options import (
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
    complete_routes,
    complete_rules,
)
from sidecar.commands.reaching import Reach, reached
from sidecar.commands.tap_line import lost_line, tap_line

EXAMPLES = examples(
    "sidecar tap",
    "sidecar tap --refused --route place-order",
    "sidecar tap --rule 'rate_limits/*' --json",
)


class _Lost(msgspec.Struct):
    lost: int


def tap_command(  # noqa: PLR0913 - each an option of its own
    *,
    rule: Annotated[
        str,
        typer.Option(
            help="Decided by this rule, or a glob: 'rate_limits/*'.",
            autocompletion=complete_rules,
        ),
    ] = "",
    route: Annotated[str, typer.Option(help="Of this route.", autocompletion=complete_routes)] = "",
    status: Annotated[str, typer.Option(help="Answered with this, or a class: 5xx.")] = "",
    client: Annotated[str, typer.Option(help="From this address.")] = "",
    refused: Annotated[bool, typer.Option("--refused", help="Refused by a rule.")] = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="A rule in shadow would have refused it.")
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="The upstream failed.")] = False,
    degraded: Annotated[bool, typer.Option("--degraded", help="A fallback answered.")] = False,
    count: Annotated[
        int, typer.Option("--count", min=0, help="End after so many; 0 for never.")
    ] = 0,
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Show each decision as it falls, one a line, until Ctrl-C. Traffic never waits for this.

    Exit status 0 at its end, 1 when the sidecar was not reached or has ended.
    """
    asked = {"refused": refused, "shadow": shadow, "failed": failed, "degraded": degraded}
    outcomes = [name for name, is_asked in asked.items() if is_asked]
    if len(outcomes) > 1:
        typer.echo("sidecar: ask for one of --refused, --shadow, --failed and --degraded", err=True)
        raise typer.Exit(BAD_USAGE)
    query = {
        "rule": rule, "route": route, "status": status, "client": client,
        "outcome": "".join(outcomes),
    }  # fmt: skip
    with reached(Reach(socket, url, token, service)) as running:
        shown = 0
        try:
            for line in running.follow("/v1/decisions/stream", query):
                shown += _show(line, as_json=as_json)
                if count and shown >= count:
                    return
        except (KeyboardInterrupt, BrokenPipeError):
            return
        typer.echo("sidecar: it has ended", err=True)
        raise typer.Exit(1)


def _show(line: bytes, *, as_json: bool) -> int:
    """Write a line; how many decisions it has told of."""
    if not line.strip():
        return 0
    if as_json:
        sys.stdout.write(line.decode())
        sys.stdout.flush()
        return 0 if line.startswith(b'{"lost"') else 1
    console = Console(highlight=False, soft_wrap=True)
    if line.startswith(b'{"lost"'):
        console.print(lost_line(msgspec.json.decode(line, type=_Lost).lost))
        return 0
    width = console.width if console.is_terminal else 160
    console.print(tap_line(msgspec.json.decode(line, type=Decision), width))
    return 1
