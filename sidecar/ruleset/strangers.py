"""What becomes of a request to a host that is no upstream's: refused, or let through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, final

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress
from sidecar.cluster.pool import PoolSettings
from sidecar.model.hosts import HostKey, host_key
from sidecar.model.http import RequestHead
from sidecar.model.policy import GateBasics, Mode, Rule, Stage, Ticket
from sidecar.model.verdict import LocalReply, Respond, Verdict
from sidecar.ruleset.routes import Chain, Route, Step, Timeouts
from sidecar.ruleset.schema import OTHER
from sidecar.wire.forwarding import HeadWriter
from sidecar.wire.propagation import formats, head_writer

#: Hosts to which connections are kept at a time; the one used least recently goes first.
HOSTS_AT_MOST: Final = 256
_TOLD_OF_TRACES: Final = head_writer(formats(["tracecontext"]), asks=False)


class Strangers:
    """Routes to hosts that no rule names, each made when it is asked for first."""

    def __init__(
        self,
        timeouts: Timeouts,
        ours: Iterable[HostKey],
        previous: Strangers | None = None,
        write_head: HeadWriter = _TOLD_OF_TRACES,
    ) -> None:
        """``ours`` is where this sidecar listens; ``previous`` hands over its endpoints."""
        self._timeouts = timeouts
        self._write_head = write_head
        self._ours = frozenset(ours)
        self._refused = refused_route("listeners", timeouts, self._ours)
        self._routes: dict[HostKey, Route] = {}
        if previous is not None:
            self._routes |= {key: self._to(cluster) for key, cluster in previous.known()}

    def route(self, request: RequestHead) -> Route:
        """The way to the host that ``request`` names; one that refuses where there is none."""
        if not request.host or request.target[:6].lower() == b"https:":
            return self._refused
        key = _key_of(request)
        if key in self._ours:
            return self._refused
        routes = self._routes
        # The most recently used is last.
        route = routes.pop(key, None)
        if route is None:
            route = self._to(_cluster(key))
            if len(routes) >= HOSTS_AT_MOST:
                del routes[next(iter(routes))]
        routes[key] = route
        return route

    def clusters(self) -> Iterator[Cluster]:
        """Those that connections are kept to."""
        return (route.cluster for route in self._routes.values())

    def known(self) -> Iterator[tuple[HostKey, Cluster]]:
        """The same with the hosts that they stand for."""
        return ((key, route.cluster) for key, route in self._routes.items())

    def _to(self, cluster: Cluster) -> Route:
        for endpoint in cluster.endpoints:
            # A host has more spellings, and names, than can be told: connections are looked at.
            endpoint.not_here = self._ours
        route = Route(OTHER, cluster, self._timeouts)
        route.write_head = self._write_head
        # It is nobody's sidecar that answers there.
        route.asks = False
        return route


def refused_route(source: str, timeouts: Timeouts, ours: frozenset[HostKey] = frozenset()) -> Route:
    """The route of requests that name no upstream; ``source`` is where the file says so.

    ``ours`` is where this sidecar listens, which nobody is told to let through.
    """
    rule = Rule("listeners", "outbound", Mode.ENFORCE, source)
    step = Step(rule, _Misdirected(ours), None, _Uncounted(), 0)
    route = Route(OTHER, Cluster("", (), Balancer()), timeouts)
    route.chain = Chain(enforced=(step,))
    return route


@final
class _Misdirected(GateBasics):
    """Refuses every request, and says what host it named."""

    stage: ClassVar[Stage] = Stage.ACCESS

    def __init__(self, ours: frozenset[HostKey]) -> None:
        self._ours = ours

    def peek(self, request: RequestHead, now: float) -> Verdict:  # noqa: ARG002 - the contract's
        """421, whatever it is."""
        host = request.host.decode("ascii", "replace")
        if request.target[:6].lower() == b"https:":
            detail = f"'{host}' is asked for over https, which is for the rules to say: name an "
            detail += "upstream by http, and give its url as https"
        elif host and self._is_ours(request):
            detail = f"'{host}' is where this sidecar itself listens"
        elif host:
            detail = f"'{host}' is no upstream's host: add it to upstreams.NAME.hosts, or let it "
            detail += "through with listeners.outbound.others: pass"
        else:
            detail = "the request names no host"
        return Respond(LocalReply(421, "misdirected", detail, facts={"host": host}))

    def take(self, request: RequestHead, now: float) -> Ticket:  # noqa: ARG002 - the contract's
        """Nothing is ever let through."""
        return 0

    def _is_ours(self, request: RequestHead) -> bool:
        return _key_of(request) in self._ours

    def adopt(self, predecessor: _Misdirected, now: float) -> None:
        """There is nothing to go on with."""


class _Uncounted:
    """A refusal that is counted by its reason, and is no rule's."""

    def __init__(self) -> None:
        self.admitted = self.refused = self.parked = self.applied = 0


def _key_of(request: RequestHead) -> HostKey:
    name, port = host_key(request.host)
    return name, port or b"80"


def _cluster(key: HostKey) -> Cluster:
    name, port = key
    address = EndpointAddress(name.decode("ascii"), int(port))
    endpoint = Endpoint(address, None, PoolSettings())
    # What hosts a service calls is not for metrics to list: their labels are a closed set.
    endpoint.name = OTHER
    return Cluster(OTHER, (endpoint,), Balancer())
