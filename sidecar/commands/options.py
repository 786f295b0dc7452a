"""Options that commands for a running sidecar share, and what a shell may complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import typer

from sidecar.admin import answers as a
from sidecar.admin.traced import TraceList
from sidecar.commands.reaching import Declined, Reach, Unreachable, find, find_all

_WHICH: Final = "Which sidecar"
SocketOption = Annotated[
    str,
    typer.Option(
        "--socket",
        envvar="SIDECAR_ADMIN_SOCKET",
        metavar="PATH",
        help="Its admin socket, or its state directory.",
        rich_help_panel=_WHICH,
    ),
]
UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="SIDECAR_ADMIN_URL",
        metavar="URL",
        help="Its admin port, such as http://127.0.0.1:9901.",
        rich_help_panel=_WHICH,
    ),
]
TokenOption = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="SIDECAR_ADMIN_TOKEN",
        metavar="TOKEN",
        help="The token for that port; better given in the environment.",
        rich_help_panel=_WHICH,
    ),
]
ServiceOption = Annotated[
    str,
    typer.Option(
        "--service",
        metavar="NAME",
        help="The one beside this service, where several run here.",
        rich_help_panel=_WHICH,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
ForOption = Annotated[
    str, typer.Option("--for", metavar="DURATION", help="How long, such as 90s or 2h; up to 24h.")
]
WhyOption = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, for the audit log.")
]


def _completed(names: Callable[[a.Overview], list[str]]) -> Callable[[str], list[str]]:
    """Completes from what the only sidecar here has; nothing where that is not plain."""

    def complete(incomplete: str) -> list[str]:
        try:
            overview = find(Reach()).ask("/v1/overview", a.Overview)
        except (Unreachable, Declined):
            return []
        return [name for name in names(overview) if name.startswith(incomplete)]

    return complete


def _labels(overview: a.Overview) -> list[str]:
    labels = [f"{rule.kind}/{rule.name}" for rule in overview.rules]
    return [*dict.fromkeys(f"{rule.kind}/*" for rule in overview.rules), *labels]


complete_rules = _completed(_labels)
complete_breakers = _completed(lambda overview: [one.name for one in overview.breakers])
complete_routes = _completed(lambda overview: [one.name for one in overview.routes])


def complete_traces(incomplete: str) -> list[str]:
    """The last traces that the sidecars here remember."""
    try:
        answers = [one.ask("/v1/traces", TraceList, id=incomplete) for one in find_all(Reach())]
    except (Unreachable, Declined):
        return []
    return [*dict.fromkeys(one.id for answer in answers for one in answer.traces)]


def complete_switches(incomplete: str) -> list[str]:
    """The switches that the only sidecar here has."""
    try:
        answer = find(Reach()).ask("/v1/switches", a.SwitchList)
    except (Unreachable, Declined):
        return []
    return [one.name for one in answer.switches if one.name.startswith(incomplete)]
