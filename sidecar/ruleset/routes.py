"""The compiled rules, as the data path uses them: immutable, replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.algorithms.networks import Networks
from sidecar.cluster.endpoint import Cluster
from sidecar.model.http import RequestHead
from sidecar.model.policy import Gate, Rule
from sidecar.wire.head import HeadLimits
from sidecar.wire.names import NameTable


class DecisionCount(Protocol):
    """Where the chain counts what a rule decided; the same object over reloads."""

    admitted: int
    refused: int
    parked: int


class Step:
    """One rule in a chain, with everything that is looked up per request resolved."""

    __slots__ = ("gate", "label", "matches", "order", "peek", "rule", "settles", "take", "tally")

    def __init__(
        self,
        rule: Rule,
        gate: Gate,
        matches: Callable[[RequestHead], bool] | None,
        tally: DecisionCount,
        order: int,
    ) -> None:
        self.rule = rule
        self.gate = gate
        #: What is left to test of ``match`` once route and path are known; None for nothing.
        self.matches = matches
        self.tally = tally
        #: The place among all rules of the file: by stage, then as written.
        self.order = order
        self.settles = gate.settles
        self.peek = gate.peek
        self.take = gate.take
        self.label = f"{rule.kind}/{rule.name}"


@dataclass(frozen=True, slots=True)
class Chain:
    """The rules for one kind of request, in the order of their stages."""

    enforced: tuple[Step, ...] = ()
    shadow: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. ``request`` and ``per_try`` count from the whole request to the answer's head."""

    request: float = 30.0
    per_try: float = 15.0
    idle: float = 60.0


class Route:
    """A named kind of request: where it goes, how long it may take, which rules hold for it."""

    __slots__ = ("chain", "chain_for", "cluster", "name", "timeouts")

    def __init__(self, name: str, cluster: Cluster, timeouts: Timeouts) -> None:
        self.name = name
        self.cluster = cluster
        self.timeouts = timeouts
        #: The chain of every request, when no rule depends on the path.
        self.chain = Chain()
        #: Finds the chain by path when some rule does; None otherwise.
        self.chain_for: Callable[[RequestHead], Chain] | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe, and what we tell."""

    proxies: Networks
    callers: Networks
    unix_is_proxy: bool = False
    unix_is_caller: bool = False
    #: What a refusal tells the client: ``none``, ``id`` or ``rule``.
    disclose: str = "id"
    keep_escaped_slash: bool = False


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What a client may cost before it is let in anywhere; seconds and bytes."""

    head: HeadLimits = field(default_factory=HeadLimits)
    body: int = 4 << 30
    head_within: float = 10.0
    #: Bytes a second that a request body must come with, once ``body_grace`` has passed.
    body_rate: float = 100.0
    body_grace: float = 10.0
    connections: int = 10_000
    connections_per_client: int = 256


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """What a listener asks of its clients; may change while running."""

    limits: ListenerLimits = field(default_factory=ListenerLimits)
    keep_alive: float = 60.0
    #: Paths of health probes, which pass access lists and limits.
    probes: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One rule file, compiled. A request keeps the one it started with."""

    version: str
    service: str
    find_route: Callable[[RequestHead], Route]
    routes: Mapping[str, Route]
    clusters: Mapping[str, Cluster]
    gates: Mapping[tuple[str, str], Gate]
    trust: Trust
    listeners: Mapping[str, ListenerRules]
    #: How field names are read from peers whose identity fields are believed, and from others.
    names_believed: NameTable
    names_unbelieved: NameTable
    #: The chain of health probes.
    probe_chain: Chain = field(default_factory=Chain)
