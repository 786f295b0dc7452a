"""One address of a cluster, and the cluster that a route sends its requests to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.pool import Pool, PoolSettings


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

    __slots__ = ("address", "authority", "in_flight", "name", "pool", "tls")

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

    def serves(
        self, address: EndpointAddress, tls: UpstreamTls | None, settings: PoolSettings
    ) -> bool:
        """Whether this endpoint is what a new rule set asks for."""
        return (self.address, self.tls, self.pool.settings) == (address, tls, settings)


class Cluster:
    """A named group of endpoints."""

    __slots__ = ("balancer", "endpoints", "name")

    def __init__(self, name: str, endpoints: tuple[Endpoint, ...], balancer: Balancer) -> None:
        self.name = name
        self.endpoints = endpoints
        self.balancer = balancer

    def pick(self, tried: tuple[Endpoint, ...] = ()) -> Endpoint | None:
        """The endpoint for the next attempt, one not yet tried when there is one."""
        endpoints = self.endpoints
        if len(endpoints) == 1:
            return endpoints[0]
        if tried:
            endpoints = tuple(one for one in endpoints if one not in tried) or endpoints
        return self.balancer.choose(endpoints) if endpoints else None
