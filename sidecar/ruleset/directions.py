"""Which route a request takes, by the listener that it came to.

Inbound, the routes say where it goes. Outbound, the request names an upstream, and of the routes
only those hold that go there; what holds for arriving requests does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sidecar.cluster.endpoint import Cluster
from sidecar.model.hosts import HostKey, host_key
from sidecar.model.http import RequestHead
from sidecar.model.policy import Key
from sidecar.ruleset.chains import Chains
from sidecar.ruleset.host_table import HostTable, authority_of, hosts_of
from sidecar.ruleset.listener_sections import (
    InboundLimitsSpec,
    InboundSpec,
    Others,
    OutboundLimitsSpec,
    OutboundSpec,
)
from sidecar.ruleset.matching import RouteIndex
from sidecar.ruleset.objectives import CountOfObjective, objectives_of
from sidecar.ruleset.path_pattern import segments_of
from sidecar.ruleset.priorities import priority_finder
from sidecar.ruleset.routes import ListenerLimits, ListenerRules, Route
from sidecar.ruleset.schema import OTHER, RuleFile
from sidecar.ruleset.sections import RouteSpec, TimeoutsSpec
from sidecar.ruleset.strangers import Strangers, refused_route
from sidecar.ruleset.timeouts import deadline_in_force, timeouts_in_force
from sidecar.ruleset.traces import formats_of
from sidecar.wire.head import HeadLimits
from sidecar.wire.propagation import head_writer

INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"

_Finder = Callable[[RequestHead], Route]
#: Hosts by which a wildcard address can be reached on the same machine.
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})


def local(upstream: str) -> str:
    """The name of the listener that an upstream has of its own."""
    return f"local/{upstream}"


class Directions:
    """The routes of one rule file, made while it is compiled."""

    def __init__(
        self,
        file: RuleFile,
        clusters: Mapping[str, Cluster],
        chains: Chains,
        keys: Mapping[str, Key],
        count_of: CountOfObjective,
    ) -> None:
        self._file = file
        self._count_of = count_of
        self._clusters = clusters
        self._chains = chains
        self._keys = keys
        self._formats = formats_of(file.telemetry.traces)
        self._write_head = head_writer(self._formats)
        #: Routes of the inbound listener.
        self.routes = self._inbound_routes()
        #: For each upstream what holds for requests that name it and match no route to it.
        self.towards = {name: self._route(OTHER, name, arriving=False) for name in clusters}
        self._to = {name: self._finder(name) for name in clusters}

    def strangers(self, previous: object) -> Strangers | None:
        """The ways to other hosts, where they are let through."""
        outbound = self._file.listeners.outbound
        if outbound is None or outbound.others is not Others.LET_THROUGH:
            return None
        before = previous if isinstance(previous, Strangers) else None
        return Strangers(
            timeouts_in_force(self._file.timeouts),
            own_hosts(self._file),
            before,
            head_writer(self._formats, asks=False),
        )

    def listeners(
        self, strangers: Strangers | None, local_ports: Iterable[str]
    ) -> dict[str, ListenerRules]:
        """What each listener asks of its clients; ``local_ports`` names upstreams with one."""
        spec = self._file.listeners
        index = RouteIndex(
            [(one.match, self.routes[one.name]) for one in self._file.routes if one.arrives],
            self.routes[OTHER],
            self._keys,
        )
        found = {INBOUND: _inbound(spec.inbound, index.find)}
        limits, keep_alive = _bounds(spec.outbound)
        hosts = hosts_of(self._file)
        if spec.outbound is not None:
            find = self._by_host(hosts, strangers)
            found[OUTBOUND] = ListenerRules(limits, keep_alive, find_route=find)
        for name in local_ports:
            found[local(name)] = ListenerRules(
                limits,
                keep_alive,
                find_route=self._to[name],
                authority=authority_of(name, self._file.upstreams[name]),
                keeps_host=_named_by(hosts, name),
            )
        return found

    # --- routes

    def _inbound_routes(self) -> dict[str, Route]:
        to = self._file.listeners.inbound.to
        routes = {
            one.name: self._route(one.name, one.upstream or to, one.timeouts)
            for one in self._file.routes
            if one.arrives
        }
        routes[OTHER] = self._route(OTHER, to)
        return routes

    def _route(
        self,
        name: str,
        upstream: str,
        timeouts: TimeoutsSpec | None = None,
        *,
        arriving: bool = True,
    ) -> Route:
        own = timeouts or TimeoutsSpec()
        between = self._file.upstreams[upstream].timeouts
        said = (own, between, self._file.timeouts)
        route = Route(name, self._clusters[upstream], timeouts_in_force(*said))
        route.write_head = self._write_head
        is_own = upstream == self._file.listeners.inbound.to
        route.deadline = deadline_in_force(*said, is_own=is_own)
        route.chain, route.chain_for = self._chains.of(name, upstream, arriving=arriving)
        if self._file.priorities:
            route.find_priority = priority_finder(self._file.priorities, name, self._keys)
        if arriving:
            slo = self._file.slo
            route.objectives = objectives_of(slo, name, self._keys, self._count_of)
        return route

    def _finder(self, upstream: str) -> _Finder:
        """Finds the route of requests that name ``upstream``."""
        mine: list[RouteSpec] = [
            one for one in self._file.routes if one.leaves and one.upstream == upstream
        ]
        if not mine:
            only = self.towards[upstream]
            return lambda _request: only
        routes = [
            (one.match, self._route(one.name, upstream, one.timeouts, arriving=False))
            for one in mine
        ]
        return RouteIndex(routes, self.towards[upstream], self._keys).find

    def _by_host(self, hosts: Mapping[HostKey, str], strangers: Strangers | None) -> _Finder:
        table = HostTable((key, self._to[name]) for key, name in hosts.items())
        refused = refused_route("listeners", timeouts_in_force(self._file.timeouts))
        others = (lambda _request: refused) if strangers is None else strangers.route

        def find(request: RequestHead) -> Route:
            found = table.find(request.host)
            return others(request) if found is None else found(request)

        return find


def own_hosts(file: RuleFile) -> Iterable[HostKey]:
    """Every host and port at which this sidecar itself is reached."""
    binds = [file.listeners.inbound.bind]
    if file.listeners.outbound is not None:
        binds.append(file.listeners.outbound.bind)
    binds += [spec.local for spec in file.upstreams.values() if spec.local is not None]
    if file.telemetry.prometheus is not None:
        binds.append(file.telemetry.prometheus.bind)
    if file.admin is not None:
        binds.append(file.admin.bind)
    if file.admin is not None:
        binds.append(file.admin.bind)
    for bind in binds:
        if not bind.port:
            # A Unix socket, or a port that nobody knows yet.
            continue
        if bind.host in _WILDCARDS or bind.host in _LOOPBACK:
            for host in (*_LOOPBACK, bind.host):
                yield _key(host, bind.port)
        else:
            yield _key(bind.host, bind.port)


def _key(host: str, port: int) -> HostKey:
    written = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return host_key(written.encode("ascii"))


def _named_by(hosts: Mapping[HostKey, str], upstream: str) -> Callable[[bytes], bool]:
    table = HostTable((key, name) for key, name in hosts.items())
    return lambda host: table.find(host) == upstream


# --- listeners


def _inbound(spec: InboundSpec, find: _Finder) -> ListenerRules:
    return ListenerRules(
        find_route=find,
        limits=_limits(spec.limits),
        keep_alive=spec.keep_alive,
        # Spelled as the wire spells the paths of requests.
        probes=frozenset(b"/" + b"/".join(segments_of(path)) for path in spec.probes),
    )


def _bounds(outbound: OutboundSpec | None) -> tuple[ListenerLimits, float]:
    spec = outbound or OutboundSpec.model_validate({"bind": "127.0.0.1:0"})
    return _limits(spec.limits), spec.keep_alive


def _limits(spec: InboundLimitsSpec | OutboundLimitsSpec) -> ListenerLimits:
    one_client = spec.connections
    if isinstance(spec, InboundLimitsSpec):
        one_client = spec.connections_per_client
    return ListenerLimits(
        head=HeadLimits(spec.request_line, spec.header_bytes, spec.header_count),
        body=spec.body,
        head_within=spec.head_within,
        body_rate=spec.body_rate,
        connections=spec.connections,
        connections_per_client=one_client,
    )
