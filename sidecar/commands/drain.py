"""``sidecar drain``: asks for no new requests, or stops the sidecar as SIGTERM does."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from sidecar.admin import answers as a
from sidecar.commands import BAD_USAGE
from sidecar.commands.examples import examples
from sidecar.commands.held import as_text
from sidecar.commands.options import (
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
    WhyOption,
)
from sidecar.commands.reaching import Reach, reached

EXAMPLES = examples(
    "sidecar drain --why 'the machine goes down'", "sidecar drain --off", "sidecar drain --stop"
)


def drain_command(  # noqa: PLR0913 - each an option of its own
    *,
    off: Annotated[bool, typer.Option("--off", help="Welcome requests again.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Finish what runs and exit, as after SIGTERM.")
    ] = False,
    why: WhyOption = "",
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Let /readyz say no, so that load balancers send nothing new; requests are still answered.

    Exit status 0 when it was done, 1 when no sidecar was reached.
    """
    if off and stop:
        typer.echo("sidecar: --off and --stop contradict each other", err=True)
        raise typer.Exit(BAD_USAGE)
    with reached(Reach(socket, url, token, service), steers=True) as running:
        wish = {"draining": not off, "stop": stop, "why": why}
        answer = running.tell("PUT", "/v1/drain", wish, a.Drain)
    if as_json:
        typer.echo(as_text(answer))
        return
    state = "requests are welcome" if not answer.draining else f"draining ({answer.reason})"
    Console(highlight=False).print(f"{state}; {answer.in_flight} requests run")
