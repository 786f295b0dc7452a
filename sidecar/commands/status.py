"""``sidecar status``: one look at a running sidecar."""

from __future__ import annotations

import sys

from rich.console import Console

from sidecar.admin import answers as a
from sidecar.commands.examples import examples
from sidecar.commands.options import (
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
)
from sidecar.commands.reaching import Reach, reached
from sidecar.commands.status_text import status_text

EXAMPLES = examples(
    "sidecar status",
    "sidecar status --service order",
    "sidecar status --url http://10.0.0.7:9901 --json",
)


def status_command(
    *,
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Show how a running sidecar is: readiness, rules, breakers, upstreams, what is held by hand.

    Exit status 0 when it was reached, 1 when it was not.
    """
    with reached(Reach(socket, url, token, service)) as running:
        if as_json:
            sys.stdout.write(running.raw("GET", "/v1/overview", {}).decode())
            return
        shown = running.ask("/v1/overview", a.Overview)
    console = Console(highlight=False)
    console.print(status_text(shown, console.width))
