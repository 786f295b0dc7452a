"""A circuit under test with its clock, and what it told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.algorithms.circuit import Circuit, CircuitSettings, Transition
from sidecar.algorithms.trip import Condition, ConsecutiveErrors

SETTINGS = CircuitSettings(
    first_seconds=4.0, longest_seconds=15.0, jitter=0.0, probes=5, give_up_seconds=30.0
)


@dataclass
class Bench:
    """A circuit under test, with its clock."""

    settings: CircuitSettings = SETTINGS
    conditions: list[Condition] = field(default_factory=lambda: [ConsecutiveErrors(3)])
    luck: Callable[[], float] = lambda: 0.5
    now: float = 1000.0
    told: list[Transition] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.circuit = Circuit(self.settings, self.conditions, self.luck, self.told.append)

    def call(self, *, error: bool | None, seconds: float = 0.0) -> bool:
        """One call from its beginning to its end; whether it was let through."""
        if self.circuit.wait(self.now):
            return False
        self.circuit.leave(self.circuit.enter(self.now), self.now, seconds, error=error)
        return True

    def fail(self, times: int = 3) -> None:
        for _ in range(times):
            assert self.call(error=True)

    def passes(self, seconds: float) -> None:
        self.now += seconds
