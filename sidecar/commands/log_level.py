"""``sidecar log-level``: shows or changes from which level on is logged."""

from __future__ import annotations

from typing import Annotated

import typer

from sidecar.admin import answers as a
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

EXAMPLES = examples("sidecar log-level", "sidecar log-level warn --why 'the disk is slow'")


def log_level_command(  # noqa: PLR0913 - each an option of its own
    level: Annotated[
        str,
        typer.Argument(
            metavar="[LEVEL]",
            help="debug, info, warn or error; without it, what it is is shown.",
            autocompletion=lambda: ["debug", "info", "warn", "error"],
            show_default=False,
        ),
    ] = "",
    *,
    why: WhyOption = "",
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Show or change what is logged, until the sidecar ends: requests are INFO, 5xx are ERROR.

    Exit status 0 when it was done, 1 when no sidecar was reached, 2 for what is no level.
    """
    with reached(Reach(socket, url, token, service), steers=bool(level)) as running:
        if level:
            wish = {"level": level, "why": why}
            answer = running.tell("PUT", "/v1/log-level", wish, a.LogLevel)
        else:
            answer = running.ask("/v1/log-level", a.LogLevel)
    typer.echo(as_text(answer) if as_json else f"logs {answer.level} and above")
