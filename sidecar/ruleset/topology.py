"""Whether what listens and what is called on a machine can all be there at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sidecar.model.addresses import Address
from sidecar.model.hosts import HostKey
from sidecar.ruleset.admin_section import AdminSpec
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.host_table import written_hosts
from sidecar.ruleset.listener_sections import ListenersSpec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.sections import Direction, RouteSpec, UpstreamSpec
from sidecar.ruleset.telemetry_sections import TelemetrySpec

_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class _Bound(NamedTuple):
    """An address that this sidecar listens on."""

    path: Path
    address: Address

    @property
    def owner(self) -> str:
        """Whose it is, as the file writes it: ``listeners.inbound``, ``upstreams.inventory``."""
        return ".".join(map(str, self.path[:-1]))


def check_topology(parts: Parts, document: Document) -> list[Diagnostic]:
    """Addresses that are taken twice, calls that would come back, hosts that mean two things."""
    return [
        *_taken(parts, document),
        *_loops(parts, document),
        *_shared_hosts(parts, document),
        *_open_ports(parts, document),
        *_routes_of_calls(parts, document),
    ]


def _routes_of_calls(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, route in parts.of(RouteSpec):
        if route.listener is Direction.OUTBOUND and route.upstream is None:
            span = document.name_span((*path, "listener"))
            message = "a route of outbound calls does not say to which upstream"
            yield finding("incomplete", message, document.name, span, "add upstream: NAME")


def _taken(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    bound = [*_listeners(parts), *_metrics(parts)]
    for number, one in enumerate(bound):
        first = next((it for it in bound[:number] if _overlap(it.address, one.address)), None)
        if first is not None:
            message = f"{one.address} is taken by {first.owner}"
            span = document.name_span(one.path)
            yield finding("conflict", message, document.name, span, "choose another port")


def _listeners(parts: Parts) -> Iterator[_Bound]:
    for path, listeners in parts.of(ListenersSpec):
        yield _Bound((*path, "inbound", "bind"), listeners.inbound.bind)
        if listeners.outbound is not None:
            yield _Bound((*path, "outbound", "bind"), listeners.outbound.bind)
    for path, upstream in parts.of(UpstreamSpec):
        if upstream.local is not None:
            yield _Bound((*path, "local"), upstream.local)


def _metrics(parts: Parts) -> Iterator[_Bound]:
    telemetry = parts.one(TelemetrySpec)
    if telemetry is not None and telemetry.prometheus is not None:
        yield _Bound(("telemetry", "prometheus", "bind"), telemetry.prometheus.bind)
    for path, admin in parts.of(AdminSpec):
        yield _Bound((*path, "bind"), admin.bind)


def _overlap(one: Address, other: Address) -> bool:
    """Whether the system would refuse to bind both; port 0 is another one each time."""
    if one.path or other.path:
        return one.path == other.path
    same_host = one.host == other.host or bool({one.host, other.host} & _WILDCARDS)
    return one.port != 0 and one.port == other.port and same_host


def _loops(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    ours = [one.address for one in _listeners(parts)]
    for path, upstream in parts.of(UpstreamSpec):
        field = "url" if upstream.url is not None else "targets"
        reached = (
            bind for bind in ours for address in upstream.addresses if _reaches(address, bind)
        )
        bind = next(reached, None)
        if bind is not None:
            message = f"upstream '{path[-1]}' is this sidecar itself: it listens on {bind}"
            span = document.name_span((*path, field))
            hint = "write the address of the service"
            yield finding("conflict", message, document.name, span, hint)


def _reaches(address: Address, bind: Address) -> bool:
    """Whether a connection to ``address`` comes to whoever listens on ``bind``."""
    if bind.path:
        return address == bind
    hosts = {bind.host, *(_LOOPBACK if bind.host in _WILDCARDS else ())}
    # Port 0 is another one each time.
    return address.port == bind.port != 0 and address.host in hosts


def _open_ports(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    """Port 0 is one that is chosen for whom the sidecar starts, which is the service alone."""
    service = {one.inbound.to for _, one in parts.of(ListenersSpec)}
    for path, upstream in parts.of(UpstreamSpec):
        if upstream.url is not None and path[-1] not in service and not upstream.url.is_settled:
            message = f"nobody chooses a port for upstream '{path[-1]}'"
            span = document.span((*path, "url"))
            hint = "port 0 is for the service that the sidecar starts; write its port"
            yield finding("conflict", message, document.name, span, hint)


def _shared_hosts(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    """A host that two upstreams claim; each has its own name before anybody's ``hosts``."""
    upstreams = [*parts.of(UpstreamSpec)]
    owners: dict[HostKey, str] = {}
    for path, upstream in upstreams:
        name = str(path[-1])
        own, *_ = written_hosts(name, upstream)
        owners[own] = name
    for path, upstream in upstreams:
        name = str(path[-1])
        _, *hosts = written_hosts(name, upstream)
        for index, key in enumerate(hosts):
            owner = owners.setdefault(key, name)
            if owner != name:
                message = f"host '{upstream.hosts[index]}' stands for upstream '{owner}' already"
                span = document.span((*path, "hosts", index))
                hint = "a host can stand for one upstream only"
                yield finding("conflict", message, document.name, span, hint)
