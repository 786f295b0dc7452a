"""Who is told about alerts, where, and how soon: one description for Alertmanager and Grafana."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from sidecar.alerting.alert import Severity
from sidecar.alerting.office_hours import OfficeHours

_MAIL: Final = re.compile(r"[^@\s,;:<>\"]+@[^@\s,;:<>\"]+")
_WANTED: Final = "write https://HOST/PATH for a webhook, or mailto:NAME@HOST"
_SLUG: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,23}")


class Channel(msgspec.Struct, frozen=True):
    """A way to reach people. Neither ``str`` nor ``repr`` show it: a URL may be a secret."""

    #: One of the two; the other is empty.
    url: str = ""
    mail: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Channel(webhook)" if self.url else "Channel(mail)"


def parse_channel(text: str) -> Channel:
    """``https://…`` or ``mailto:…``. Raises ValueError, which does not repeat the text."""
    if text.startswith("mailto:"):
        addresses = tuple(part.strip() for part in text.removeprefix("mailto:").split(","))
        if all(_MAIL.fullmatch(address) for address in addresses):
            return Channel(mail=addresses)
        raise ValueError(f"it has something that is no mail address; {_WANTED}")
    if not text.isprintable() or " " in text:
        raise ValueError(f"it has characters that no URL has; {_WANTED}")
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ValueError(f"it is neither a webhook nor a mail address; {_WANTED}")
    return Channel(url=text)


class Pace(msgspec.Struct, frozen=True):
    """How soon people are told, in seconds."""

    #: What comes within so long of the first goes into the same message, or silences it.
    wait: float
    #: How long before they hear of what is new in a group that they have heard of.
    interval: float
    #: How long before they hear again of what has not changed.
    repeat: float


PACES: Final[Mapping[str, Mapping[Severity, Pace]]] = {
    "production": {
        Severity.PAGE: Pace(15, 300, 4 * 3600),
        # Later than a page, so that the page which silences it is there already.
        Severity.TICKET: Pace(120, 900, 24 * 3600),
    },
    "demo": {Severity.PAGE: Pace(1, 2, 60), Severity.TICKET: Pace(3, 3, 300)},
}


class Notifying(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told what."""

    page: Channel
    #: The same who are paged when left out.
    ticket: Channel | None = None
    #: Instead of these two, for alerts of an owner.
    owners: dict[str, Channel] = {}
    #: Tickets wait for them; at any time when left out.
    office_hours: OfficeHours | None = None
    profile: str = "production"

    def receivers(self) -> dict[str, Channel]:
        """The channels by the names that they have in both servers."""
        named = {PAGE: self.page, TICKET: self.ticket or self.page}
        return named | {owner_receiver(name): channel for name, channel in self.owners.items()}

    def routes(self) -> Iterator[Route]:
        """Who is told what; the first that fits counts."""
        for severity, receiver in ((Severity.PAGE, PAGE), (Severity.TICKET, TICKET)):
            pace = PACES[self.profile][severity]
            muted = self.office_hours is not None and severity is Severity.TICKET
            for owner in self.owners:
                matched = {"severity": severity.value, "owner": owner}
                yield Route(owner_receiver(owner), matched, pace, muted)
            yield Route(receiver, {"severity": severity.value}, pace, muted)


class Route(msgspec.Struct, frozen=True):
    """Alerts with these labels go to that receiver."""

    receiver: str
    labels: dict[str, str]
    pace: Pace
    #: Whether they wait for the office hours.
    muted: bool


PAGE: Final = "sidecar-page"
TICKET: Final = "sidecar-ticket"
#: What is told in one message.
GROUPED_BY: Final = ("alertname", "service")


def owner_receiver(owner: str) -> str:
    """The name of an owner's receiver, which serves as a uid too: at most 40 plain characters."""
    if _SLUG.fullmatch(owner):
        return f"sidecar-owner-{owner}"
    return f"sidecar-owner-{hashlib.sha256(owner.encode()).hexdigest()[:24]}"
