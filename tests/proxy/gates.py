"""Rules that do what a test tells them to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome
from sidecar.model.policy import Facts, Gate, Mode, Reading, Rule, Stage, Ticket
from sidecar.model.verdict import ADMIT, LocalReply, Place, Respond, Verdict
from sidecar.ruleset.routes import Chain, Step

REFUSAL = Respond(LocalReply(429, "rate_limited", "too many requests", retry_after=1.5))


@dataclass
class Count:
    """Where a step counts."""

    admitted: int = 0
    refused: int = 0
    parked: int = 0
    applied: int = 0


@dataclass
class Told:
    """A gate that answers as it is told, and notes what it is asked and told."""

    settles: ClassVar[bool] = True
    answers: Verdict = ADMIT
    stage: Stage = Stage.ACCESS
    log: list[tuple[object, ...]] = field(default_factory=list)
    name: str = "gate"
    tickets: int = 0

    def peek(self, request: RequestHead, now: float) -> Verdict:  # noqa: ARG002 - the contract
        self.log.append((self.name, "peek"))
        return self.answers

    def take(self, request: RequestHead, now: float) -> Ticket:  # noqa: ARG002 - the contract
        self.tickets += 1
        self.log.append((self.name, "take", self.tickets))
        return self.tickets

    def settle(
        self,
        request: RequestHead,  # noqa: ARG002 - the contract
        ticket: Ticket,
        outcome: Outcome,
        now: float,  # noqa: ARG002 - the contract
    ) -> None:
        self.log.append((self.name, "settle", ticket, outcome))

    def leave(self, request: RequestHead, place: Place) -> None:  # noqa: ARG002 - the contract
        self.log.append((self.name, "leave", place))

    def adopt(self, predecessor: object, now: float) -> None:
        """Nothing to take over."""

    def facts(self, request: RequestHead, now: float) -> Facts:  # noqa: ARG002 - the contract
        return {}

    def readings(self, now: float) -> Iterable[Reading]:  # noqa: ARG002 - the contract
        return ()


def step(gate: Gate, *, name: str = "gate", mode: Mode = Mode.ENFORCE, order: int = 0) -> Step:
    """A step of a chain for ``gate``."""
    return Step(Rule("told", name, mode, "test:1"), gate, None, Count(), order)


def refusing_chain() -> Chain:
    """Refuses everything with 429."""
    return Chain(enforced=(step(Told(REFUSAL)),))
