"""The compiled rules, as the data path uses them: immutable, replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from sidecar.algorithms.globs import Globs
from sidecar.algorithms.networks import Networks
from sidecar.cluster.endpoint import Cluster
from sidecar.model.http import RequestHead
from sidecar.model.policy import Gate, Rule
from sidecar.model.window import Window
from sidecar.policies.token import Tokens
from sidecar.ruleset.traces import Traces
from sidecar.wire.forwarding import HeadWriter, request_head
from sidecar.wire.head import HeadLimits
from sidecar.wire.names import NameTable
from sidecar.wire.rejection import Rejected


class DecisionCount(Protocol):
    """Where the chain counts what a rule decided; the same object over reloads."""

    admitted: int
    refused: int
    parked: int
    #: What a rule that acts did (a retry, a fallback), or in shadow would have done.
    applied: int


class ObjectiveCount(Protocol):
    """How many requests an objective has counted; the same object over reloads."""

    good: int
    bad: int
    shed: int


class Objective:
    """What makes a request of one route a good one."""

    __slots__ = ("count", "matches", "seconds", "status_below")

    def __init__(
        self,
        count: ObjectiveCount,
        matches: Callable[[RequestHead], bool] | None,
        status_below: int,
        seconds: float,
    ) -> None:
        self.count = count
        #: What is left to test once the route is known; None for nothing.
        self.matches = matches
        self.status_below = status_below
        #: It must have taken less than this.
        self.seconds = seconds


PolicyT = TypeVar("PolicyT")


class Clause(Generic[PolicyT]):
    """One rule in a chain, with everything that is looked up per request resolved."""

    __slots__ = ("label", "matches", "order", "policy", "rule", "tally")

    def __init__(
        self,
        rule: Rule,
        policy: PolicyT,
        matches: Callable[[RequestHead], bool] | None,
        tally: DecisionCount,
        order: int,
    ) -> None:
        self.rule = rule
        self.policy = policy
        #: What is left to test of ``match`` once route and path are known; None for nothing.
        self.matches = matches
        self.tally = tally
        #: The place among all rules of the file: by stage, then as written.
        self.order = order
        self.label = rule.label


class Step(Clause[Gate]):
    """A rule that is asked before a request goes on."""

    __slots__ = ("gate", "peek", "settle", "settles", "take")

    def __init__(
        self,
        rule: Rule,
        gate: Gate,
        matches: Callable[[RequestHead], bool] | None,
        tally: DecisionCount,
        order: int,
    ) -> None:
        super().__init__(rule, gate, matches, tally, order)
        self.gate = gate
        self.settles = gate.settles
        self.peek = gate.peek
        self.take = gate.take
        self.settle = gate.settle


@dataclass(frozen=True, slots=True)
class Chain:
    """The rules for one kind of request, in the order of their stages."""

    enforced: tuple[Step, ...] = ()
    shadow: tuple[Step, ...] = ()
    #: What may be tried again, and what is answered instead; in both modes.
    retries: tuple[Clause[Any], ...] = ()
    fallbacks: tuple[Clause[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. ``request`` and ``per_try`` count from the whole request to the answer's head."""

    request: float = 30.0
    per_try: float = 15.0
    idle: float = 60.0


@dataclass(frozen=True, slots=True)
class DeadlineHeader:
    """The field in which callers say how long they wait, and the upstream is told."""

    name: bytes
    #: Whether the upstream is told the moment, instead of what is left.
    is_moment: bool


class Route:
    """A named kind of request: where it goes, how long it may take, which rules hold for it."""

    __slots__ = (
        "asks",
        "chain",
        "chain_for",
        "cluster",
        "deadline",
        "find_priority",
        "name",
        "objectives",
        "timeouts",
        "write_head",
    )

    def __init__(self, name: str, cluster: Cluster, timeouts: Timeouts) -> None:
        self.name = name
        self.cluster = cluster
        self.timeouts = timeouts
        self.deadline: DeadlineHeader | None = None
        #: The chain of every request, when no rule depends on the path.
        self.chain = Chain()
        #: Finds the chain by path when some rule does; None otherwise.
        self.chain_for: Callable[[RequestHead], Chain] | None = None
        #: Finds the priority of a request; None when the file gives none.
        self.find_priority: Callable[[RequestHead], int] | None = None
        #: What its requests are held against when they have ended; nothing for those called.
        self.objectives: tuple[Objective, ...] = ()
        #: Writes what the upstream is sent, and how it is told of the trace.
        self.write_head: HeadWriter = request_head
        #: Whether it is asked if it keeps the trace, and believed.
        self.asks = True


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe, and what we tell."""

    proxies: Networks
    callers: Networks
    unix_is_proxy: bool = False
    unix_is_caller: bool = False
    #: Names in the certificates of callers; None when none is believed by its certificate.
    certificates: Globs | None = None
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


def _serves_nobody(request: RequestHead) -> Route:
    raise Rejected(421, "misdirected", f"{request.host!r} is not served here")


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """What a listener asks of its clients, and where it sends them; may change while running."""

    limits: ListenerLimits = field(default_factory=ListenerLimits)
    keep_alive: float = 60.0
    #: Paths of health probes, which pass access lists and limits.
    probes: frozenset[bytes] = frozenset()
    #: The kind of a request. Raises ``Rejected`` for a host that is not served here.
    find_route: Callable[[RequestHead], Route] = field(default=_serves_nobody, compare=False)
    #: What upstreams are told as ``Host`` where it names none of theirs; empty to keep it.
    authority: bytes = b""
    #: Whether a ``Host`` may stay although there is an ``authority``.
    keeps_host: Callable[[bytes], bool] = field(default=bool, compare=False)


#: A listener that the rules know nothing of: an upstream that had it is gone.
_UNKNOWN: Final = ListenerRules()


class OtherWays(Protocol):
    """Clusters that come and go with the hosts that the service calls."""

    def clusters(self) -> Iterator[Cluster]:
        """Those that there are now."""
        ...


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One rule file, compiled. A request keeps the one it started with."""

    version: str
    service: str
    #: The routes of the inbound listener.
    routes: Mapping[str, Route]
    #: For each upstream, what holds for a request that was sent there by name.
    towards: Mapping[str, Route]
    clusters: Mapping[str, Cluster]
    #: Every rule by kind and name: gates, and what is asked around the attempts.
    policies: Mapping[tuple[str, str], Any]
    #: The same rules as they stand in the file and in force.
    rules: Mapping[tuple[str, str], Rule]
    trust: Trust
    listeners: Mapping[str, ListenerRules]
    #: How field names are read from peers whose identity fields are believed, and from others.
    names_believed: NameTable
    names_unbelieved: NameTable
    #: The same for the answers of upstreams.
    response_names: NameTable
    #: Reads the tokens of requests; None when no issuer is believed.
    tokens: Tokens | None = None
    #: The chain of health probes.
    probe_chain: Chain = field(default_factory=Chain)
    #: When those rules hold that do not always do, and the moment this was settled for.
    windows: Mapping[tuple[str, str], Window] = field(default_factory=dict)
    settled_at: float = 0.0
    #: How traces go on, and which are kept.
    traces: Traces = field(default_factory=Traces)
    #: The ways to hosts that are no upstream's, where they are let through.
    strangers: OtherWays | None = None

    def is_resting(self, kind: str, name: str) -> bool:
        """Whether a rule stands in no chain because it is outside of its window."""
        window = self.windows.get((kind, name))
        return window is not None and not window.is_open(self.settled_at)

    def is_settled(self, wall: float) -> bool:
        """Whether the same rules hold at this moment as when this was compiled."""
        return all(
            window.is_open(wall) is window.is_open(self.settled_at)
            for window in self.windows.values()
        )

    def listener(self, door: str) -> ListenerRules:
        """What holds at a listening socket; one that is not known serves nobody."""
        return self.listeners.get(door, _UNKNOWN)

    def all_clusters(self) -> Iterator[Cluster]:
        """Every cluster that requests are sent to at the moment."""
        yield from self.clusters.values()
        if self.strangers is not None:
            yield from self.strangers.clusters()
