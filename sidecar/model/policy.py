"""The contracts that a policy fulfils, and the order of the chain.

A policy decides without I/O: it is handed ``now``, never awaits, never reads a clock, never
raises for traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, Protocol, Self

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome
from sidecar.model.verdict import Place, Verdict


class Stage(IntEnum):
    """The places in the chain, first to last."""

    #: Who may not come in at all costs least to turn away, and must learn nothing more.
    ACCESS = 10
    #: Injected faults must be felt by everything below, and by nobody who is not let in.
    FAULT = 20
    #: Fairness between callers counts every request, those that a cache will answer too.
    KEYED_LIMIT = 30
    #: What the cache answers costs the upstream nothing: no shared limit below counts it.
    CACHE = 40
    #: An overloaded host sheds before it spends shared quota on what it cannot serve.
    OVERLOAD = 50
    #: What the upstream may be asked in all; only what is still on its way there counts.
    SHARED_LIMIT = 60
    #: A peak is queued only when it was within its limits.
    PEAK_SHAVING = 70
    #: A slot is taken as late as possible, so that it is not held by a request in a queue.
    CONCURRENCY = 80
    #: Last, so that what others refuse never takes a probe's place.
    BREAKER = 90


class Mode(Enum):
    """Whether a rule acts, only counts, or is not there."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which line of which file a gate came from; the same for every kind of rule."""

    kind: str
    name: str
    mode: Mode
    #: ``file:line`` of the rule.
    source: str
    why: str = ""
    labels: tuple[tuple[str, str], ...] = ()


#: Reads a declared key's value from a request; never None, since every key has a stand-in.
KeyReader = Callable[[RequestHead], bytes]


@dataclass(frozen=True, slots=True)
class Key:
    """A declared key: how to read it, and how many of its values are tracked at most."""

    name: str
    read: KeyReader
    track_at_most: int


class BuildContext(Protocol):
    """What compiling offers to a spec that builds its policy. Pure: no files, no clock."""

    def key(self, name: str) -> Key:
        """The key declared under this name; references were checked before."""
        ...


#: What ``take`` hands back and ``settle`` receives again: a generation, a slot number. Policies
#: that need none return 0.
Ticket = int


class Gate(Protocol):
    """One live rule in the chain.

    ``peek`` has no lasting effect. When every enforced gate has agreed, ``take`` is called on
    each in order; whoever took is told the outcome exactly once by ``settle``, last first.
    """

    #: Whether ``settle`` has anything to do; the chain skips it for gates that say no.
    settles: ClassVar[bool]

    @property
    def stage(self) -> Stage:
        """The gate's place in the chain."""
        ...

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """What would be answered to this request now."""
        ...

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Count the request. Called at once after a ``peek`` that admitted it."""
        ...

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """The end of a request that took ``ticket``."""
        ...

    def leave(self, request: RequestHead, place: Place) -> None:
        """A request that was parked here will not take: its place is free."""
        ...

    def adopt(self, predecessor: Self, now: float) -> None:
        """Take over the state of the gate that had this kind and name before a reload."""
        ...


class GateBasics:
    """What most gates answer: nothing to settle, nobody ever parked."""

    settles: ClassVar[bool] = False

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """Nothing to give back."""

    def leave(self, request: RequestHead, place: Place) -> None:
        """Nobody was parked."""
