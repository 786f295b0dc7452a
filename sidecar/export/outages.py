"""When a backend stops to take what it is sent, and when it begins again, for the log."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.export.frames import BackendReport
from sidecar.telemetry.declaration import Severity


class Turn(NamedTuple):
    """Something to be logged."""

    severity: str
    text: str


class Outages:
    """Remembers of each backend whether it was well when it was heard of last."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    def heard(self, report: BackendReport) -> Turn | None:
        """What is to be said of this; None when nothing has changed."""
        name = report.name
        if report.is_up == (name not in self._down):
            return None
        if report.is_up:
            if not report.requests_ok:
                # One that has just begun, and has not tried yet.
                return None
            self._down.remove(name)
            return Turn(Severity.INFO, f"{name} takes what it is sent again")
        self._down.add(name)
        why = f": {report.error}" if report.error else ""
        return Turn(Severity.WARN, f"{name} does not take what it is sent{why}")
