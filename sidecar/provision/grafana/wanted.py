"""What Grafana should have, and how what it has is told from what is somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from sidecar.model.secret import SecretText

FOLDER: Final = "sidecar"
FOLDER_TITLE: Final = "Sidecar"
#: Data sources, by uid.
PROMETHEUS: Final = "sidecar-prometheus"
LOGS: Final = "sidecar-logs"
SPANS: Final = "sidecar-spans"
TRACES: Final = "sidecar-traces"

#: Uids of ours begin so: a copy that somebody made has our mark, too, but never our uid.
PREFIX: Final = "sidecar-"

FROM_A_FILE: Final = "it comes from a file of Grafana's own provisioning: change it there"


class Wanted(msgspec.Struct, frozen=True):
    """One thing that should be there."""

    #: Its uid, or its name where Grafana knows no uids.
    key: str
    body: Mapping[str, Any]
    #: How it is called in what is said: ``data source sidecar-prometheus``.
    about: str
    #: What has to be there first, as it is called.
    needs: tuple[str, ...] = ()
    #: What Grafana takes and never shows.
    secrets: Mapping[str, SecretText] = {}
    #: Paths at which a URL stands that may be a secret: only its host is shown.
    hidden: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """What is there."""

    #: Without what Grafana adds by itself.
    body: Mapping[str, Any]
    #: Whether it carries our mark.
    ours: bool
    #: Why it cannot be changed; empty when it can.
    locked: str = ""
    #: The whole of it, as it was answered.
    whole: Mapping[str, Any] = {}
    #: The names of the secrets that it has.
    secrets: frozenset[str] = frozenset()


class Shelf(Protocol):
    """Where Grafana keeps things of one kind. All of it raises ``Refused`` with the reason."""

    def find(self, wanted: Wanted) -> Found | None:
        """What is there by that key."""

    def create(self, wanted: Wanted) -> None:
        """Put it there for the first time."""

    def change(self, wanted: Wanted, found: Found) -> None:
        """Have it as it is wanted, unless it is not any more as it was found."""


class Emptied(Protocol):
    """A place from which what is wanted no more can be taken away."""

    def ours(self) -> Mapping[str, str]:
        """What is there with our mark, and how it is called, by key."""

    def delete(self, key: str) -> None:
        """Take it away; that it is gone already is no error."""
