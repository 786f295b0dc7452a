"""What an alert is, before anybody's format: the same for Prometheus and Grafana."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

#: The label by which what we have made is told from what others have.
MARK: Final = ("managed_by", "sidecar")
#: The labels that say what an alert of a service is about.
ABOUT: Final = ("slo", "rule", "route", "upstream", "exporter", "reason", "control")


class Severity(Enum):
    """Who is to look at it, and when."""

    #: Somebody is woken.
    PAGE = "page"
    #: Somebody looks at it on the next working day.
    TICKET = "ticket"


class Source(msgspec.Struct, frozen=True):
    """A place in a rule file, as people look for it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of one service."""

    #: The kind of alert, as both servers show it and as the runbook's heading has it:
    #: ``SidecarBreakerOpen``.
    name: str
    #: The entry of ``alerts`` that asked for it: ``inventory-breaker``.
    entry: str
    severity: Severity
    #: True (non-empty) while something is wrong, in Prometheus's language.
    expression: str
    #: How long it has to be true before anybody is told, and how long it is kept afterwards.
    for_seconds: float = 0.0
    keep_firing_seconds: float = 0.0
    #: ``service``, ``severity``, ``owner``, ``rule``, ``slo`` … and the mark: what is routed by.
    labels: dict[str, str]
    #: ``summary``, ``description``, ``why``, ``source``, ``runbook_url`` …: what people read. All
    #: of it is text as it is, whatever stands in it; only ``summary`` and ``description`` may have
    #: placeholders, in the words of Prometheus (``alerting.templates.PLACEHOLDER``).
    annotations: dict[str, str]


class Recording(msgspec.Struct, frozen=True):
    """A series that is computed from others, so that alerts and panels are quick."""

    record: str
    expression: str
    labels: dict[str, str]


class Group(msgspec.Struct, frozen=True):
    """Rules that are evaluated together, one after another."""

    name: str
    interval_seconds: float
    rules: tuple[Alert | Recording, ...]
