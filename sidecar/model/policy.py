"""The contracts that a policy fulfils, and the order of the chain.

A policy decides without I/O: it is handed ``now``, never awaits, never reads a clock, never
raises for traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, NamedTuple, Protocol, Self

from sidecar.model.http import RequestHead
from sidecar.model.load import LoadMeter
from sidecar.model.outcome import Outcome
from sidecar.model.verdict import Place, Verdict


class Stage(IntEnum):
    """The places in the chain, first to last."""

    #: Who shows a token that is none gets no further: all that follows may believe its claims.
    IDENTITY = 5
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
    # --- no gates: asked around the attempts, not before them
    #: What may be tried again, once an attempt has failed.
    RETRY = 100
    #: What is answered instead, once everything above has refused or failed.
    FALLBACK = 110


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

    @property
    def label(self) -> str:
        """The rule in a word: ``kind/name``."""
        return f"{self.kind}/{self.name}"


#: Reads a declared key's value from a request; never None, since every key has a stand-in.
KeyReader = Callable[[RequestHead], bytes]


@dataclass(frozen=True, slots=True)
class Key:
    """A declared key: how to read it, and how many of its values are tracked at most."""

    name: str
    read: KeyReader
    track_at_most: int


#: The numbers behind a decision, by name; for operators, never for clients.
Facts = Mapping[str, str | float]


class Reading(NamedTuple):
    """A number that a rule as a whole shows at the moment: a gauge, or a count that only grows.

    ``name`` is a word of ``telemetry.readings``; ``label`` tells several of one name apart.
    """

    name: str
    value: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a rule has to tell by itself, such as that a breaker has opened.

    ``event`` is a word of the catalogue's events.
    """

    event: str
    text: str
    facts: Facts
    #: Whether somebody should look at it.
    warns: bool = False


class Switchable(Protocol):
    """A switch of the rule file, thrown by operators."""

    @property
    def is_on(self) -> bool:
        """Whether what it switches is in force."""
        ...


class Listed(Protocol):
    """The entries of a list file, as they are now; replaced as a whole while running."""

    def contains(self, value: bytes) -> bool:
        """Whether ``value`` is an entry that has not expired."""
        ...


class ListedAddresses(Protocol):
    """The networks of a list file, as they are now; replaced as a whole while running."""

    def contains(self, number: int) -> bool:
        """Whether an address (``RequestHead.client_number``) is in one that has not expired."""
        ...


class BuildContext(Protocol):
    """What compiling offers to a spec that builds its policy. Pure: no I/O, no clock."""

    @property
    def rule(self) -> Rule:
        """The rule that is being built."""
        ...

    @property
    def load(self) -> LoadMeter:
        """How loaded this host and this process are; the same object over reloads."""
        ...

    def key(self, name: str) -> Key:
        """The key declared under this name; references were checked before."""
        ...

    def switch(self, name: str) -> Switchable:
        """The switch declared under this name; the same object over reloads."""
        ...

    def listed(self, path: str) -> Listed:
        """The list file that the rule file names so; the same object over reloads."""
        ...

    def listed_digests(self, path: str) -> Listed:
        """The same for a list of the SHA-256 of values, each as its 32 bytes."""
        ...

    def listed_networks(self, path: str) -> ListedAddresses:
        """The same for a list of addresses and networks."""
        ...

    def text_of(self, path: str) -> bytes:
        """What stands in a file that the rule file names so; read before compiling."""
        ...

    def chance(self) -> float:
        """A random number from 0 up to, and without, 1."""
        ...

    def notify(self, notice: Notice) -> None:
        """Tell operators something. Called on the data path: it only puts the notice down."""
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

    def facts(self, request: RequestHead, now: float) -> Facts:
        """The numbers behind what ``peek`` says of this request. Leaves no trace."""
        ...

    def readings(self, now: float) -> Iterable[Reading]:
        """What the gate as a whole shows at the moment."""
        ...


class GateBasics:
    """What most gates answer: nothing to settle, nobody ever parked."""

    settles: ClassVar[bool] = False

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """Nothing to give back."""

    def leave(self, request: RequestHead, place: Place) -> None:
        """Nobody was parked."""

    def facts(self, request: RequestHead, now: float) -> Facts:
        """Nothing that is not in the rule file."""
        return {}

    def readings(self, now: float) -> Iterable[Reading]:
        """Nothing to show."""
        return ()
