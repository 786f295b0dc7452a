"""What came of each step of provisioning, whatever is provisioned."""

from __future__ import annotations

from enum import Enum

import msgspec

from sidecar.provision.difference import Changed


class What(Enum):
    """What came of a step, or would."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    #: The other side said no, or it was not asked: what was wanted is not in force.
    REFUSED = "refused"
    #: Something to know; all that was asked for is in force.
    NOTE = "note"


class Step(msgspec.Struct, frozen=True):
    """One thing, and what came of it."""

    what: What
    #: ``index template sidecar-traces``.
    about: str
    #: Why, for people.
    words: str = ""
    changed: tuple[Changed, ...] = ()


class Refused(Exception):  # noqa: N818 - reads as what it says
    """The other side does not do that; says why."""
