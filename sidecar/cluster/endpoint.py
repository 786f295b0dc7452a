"""One address of a cluster, and the cluster that a route sends its requests to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.ejection import Ejection, EjectSettings
from sidecar.cluster.health import Checks, CheckSettings, Health
from sidecar.cluster.pool import Pool, PoolSettings

if TYPE_CHECKING:
    from sidecar.cluster.lookup import Lookup
    from sidecar.model.hosts import HostKey


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How an upstream proves who it is; paths of PEM files, empty for the system's defaults."""

    server_name: str
    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """Where an endpoint listens: a host and port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Endpoint:
    """One address with the connections kept to it.

    It survives reloads as long as address, TLS and pool settings stay the same.
    """

    __slots__ = (
        "address",
        "authority",
        "checks",
        "comes_and_goes",
        "ejection",
        "in_flight",
        "name",
        "not_here",
        "pool",
        "tls",
        "watch",
    )

    def __init__(
        self, address: EndpointAddress, tls: UpstreamTls | None, settings: PoolSettings
    ) -> None:
        self.address = address
        self.tls = tls
        self.pool: Pool[Any, Any] = Pool(settings)
        self.name = str(address)
        #: What stands in ``Host`` when a client of HTTP/1.0 sent none.
        self.authority = b"localhost" if address.path else self.name.encode("ascii")
        #: Requests sent and not yet answered, for least request.
        self.in_flight = 0
        #: Who wants to hear how requests to it end; None where nobody is ever ejected.
        self.watch: Health | None = None
        #: Whether it was found by name, and is forgotten when the name means others.
        self.comes_and_goes = False
        #: Addresses and ports at which it must not turn out to be.
        self.not_here: frozenset[HostKey] = frozenset()
        self.ejection = Ejection()
        self.checks = Checks()

    @property
    def is_well(self) -> bool:
        """Whether requests may be sent to it."""
        return self.checks.is_healthy and not self.ejection.is_out

    def serves(
        self, address: EndpointAddress, tls: UpstreamTls | None, settings: PoolSettings
    ) -> bool:
        """Whether this endpoint is what a new rule set asks for."""
        return (self.address, self.tls, self.pool.settings) == (address, tls, settings)


class Cluster:
    """A named group of endpoints."""

    __slots__ = ("balancer", "checks", "eject", "endpoints", "health", "lookup", "name")

    def __init__(
        self,
        name: str,
        endpoints: tuple[Endpoint, ...],
        balancer: Balancer,
        health: Health | None = None,
    ) -> None:
        """``health`` is that of the cluster which had this name before."""
        self.name = name
        self.endpoints = endpoints
        self.balancer = balancer
        self.health = Health(name) if health is None else health
        #: What ``health`` will obey; None for endpoints that are never ejected, or checked.
        self.eject: EjectSettings | None = None
        self.checks: CheckSettings | None = None
        #: How ``endpoints`` are found, which change while running then; None where they are given.
        self.lookup: Lookup | None = None

    def go_live(self) -> None:
        """Requests are sent here from now on; again after its endpoints have changed."""
        self.health.obey(self.endpoints, self.eject, self.checks)

    def pick(self, tried: tuple[Endpoint, ...] = ()) -> Endpoint | None:
        """The endpoint for the next attempt, one not yet tried when there is one.

        None when there is none, or none of them is well.
        """
        endpoints = self.endpoints
        down = self.health.down
        if down:
            endpoints = tuple(one for one in endpoints if one not in down)
        if len(endpoints) == 1:
            return endpoints[0]
        if tried:
            endpoints = tuple(one for one in endpoints if one not in tried) or endpoints
        return self.balancer.choose(endpoints) if endpoints else None
