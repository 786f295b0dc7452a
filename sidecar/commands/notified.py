"""Options that say who is told about alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sidecar.alerting.notifying import Channel, Notifying, parse_channel
from sidecar.alerting.office_hours import parse_office_hours

#: The part of the help that they stand in.
WHO: Final = "Who is told"
_HOW: Final = "https://… for a webhook, mailto:NAME@HOST, or @FILE that has one of them."
PageOption = Annotated[
    str,
    typer.Option(
        "--page-to",
        envvar="SIDECAR_PAGE_TO",
        metavar="WHERE",
        help=f"Who is woken: {_HOW}",
        rich_help_panel=WHO,
    ),
]
TicketOption = Annotated[
    str,
    typer.Option(
        "--ticket-to",
        envvar="SIDECAR_TICKET_TO",
        metavar="WHERE",
        help="Who gets what can wait; the same when left out.",
        rich_help_panel=WHO,
    ),
]
OwnerOption = Annotated[
    list[str],
    typer.Option(
        "--owner-to",
        metavar="OWNER=WHERE",
        help="Who is told instead about the alerts of an owner; may be repeated.",
        rich_help_panel=WHO,
    ),
]
HoursOption = Annotated[
    str,
    typer.Option(
        "--office-hours",
        metavar="HOURS",
        help='When tickets are told, such as "mon-fri 09:00-18:00 Europe/Berlin"; else always.',
        rich_help_panel=WHO,
    ),
]


def notifying_of(
    page: str, ticket: str, owners: list[str], hours: str, profile: str
) -> Notifying | None:
    """What these options say; None when they name nobody.

    Raises ValueError, which says which option is wrong and does not repeat where it leads.
    """
    if not page:
        for option, value in (("--ticket-to", ticket), ("--owner-to", owners)):
            if value:
                raise ValueError(f"{option} alone is not enough: say with --page-to who is woken")
        return None
    return Notifying(
        page=_channel("--page-to", page),
        ticket=_channel("--ticket-to", ticket) if ticket else None,
        owners=dict(map(_owner, owners)),
        office_hours=parse_office_hours(hours) if hours else None,
        profile=profile,
    )


def _owner(text: str) -> tuple[str, Channel]:
    name, equals, where = text.partition("=")
    if not (name and equals):
        raise ValueError(
            "--owner-to: write OWNER=WHERE, such as trade-team=mailto:trade@shop.example"
        )
    return name, _channel(f"--owner-to {name}", where)


def _channel(option: str, text: str) -> Channel:
    try:
        return parse_channel(_read(text.removeprefix("@")) if text.startswith("@") else text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"{path} cannot be read: {reason}") from None
