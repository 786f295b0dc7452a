"""What the admin API is made from: the parts of a running sidecar that it shows and changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sidecar.admin.audit import AuditLog
from sidecar.admin.decisions import Decisions
from sidecar.ruleset.check import Checked
from sidecar.ruleset.controls import Control, Controls, What
from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.routes import RuleSet
from sidecar.ruleset.schema import RuleFile
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.metrics import Meters


class Live(Protocol):
    """The rules in force, and how to change what holds beside their file."""

    file: RuleFile
    checked: Checked
    controls: Controls
    #: Why the file as seen last is not in force; empty when it is.
    trouble: str
    #: What was found in the file as seen last.
    found: tuple[Diagnostic, ...]

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        ...

    def put(self, control: Control) -> None:
        """Let a control hold from now on. Its target was checked before."""
        ...

    def lift(self, what: What, target: str) -> Control | None:
        """Let a control hold no more; None when it did not."""
        ...


@dataclass(slots=True)
class Readiness:
    """Whether requests should be sent here, and why not."""

    #: Where in its life the process is: ``starting``, ``draining``, or empty.
    stage: str = "starting"
    #: An operator wants no new requests here.
    by_hand: bool = False

    @property
    def reason(self) -> str:
        """Why not; empty when they should."""
        return self.stage or ("draining" if self.by_hand else "")


@dataclass(slots=True)
class Inside:
    """All of it."""

    meters: Meters
    live: Live
    log: AccessLog
    audit: AuditLog
    decisions: Decisions
    readiness: Readiness
    #: Ends the sidecar as SIGTERM does.
    stop: Callable[[], None]
    rule_file: Path
    state_dir: Path
    #: Where it listens, by name.
    addresses: Callable[[], Mapping[str, str]] = field(default=dict)
