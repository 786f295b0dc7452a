"""An upstream that is found by name: its endpoints come and go with what the name stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sidecar.cluster.endpoint import Endpoint, EndpointAddress

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import UpstreamTls
    from sidecar.cluster.pool import PoolSettings

#: Addresses of one name that are used; nobody balances over more.
ADDRESSES_AT_MOST: Final = 256
#: How much sooner or later than it is said a name is looked up again.
_JITTER: Final = 0.1
#: How long a name that stands for nothing yet is left alone.
_IMPATIENT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is looked up how often, and what the endpoints that are found have in common."""

    name: str
    port: int
    refresh: float
    tls: UpstreamTls | None
    pool: PoolSettings

    def asks_the_same(self, other: Lookup | None) -> bool:
        """Whether what the other has found answers this one too."""
        return other is not None and (self.name, self.port) == (other.name, other.port)

    def endpoints(self, hosts: Iterable[str], known: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """The endpoints at these addresses; those that are ``known`` stay what they are.

        In an order of their own, since names are answered in another one each time.
        """
        found = []
        for host in sorted(set(hosts))[:ADDRESSES_AT_MOST]:
            address = EndpointAddress(host, self.port)
            same = (one for one in known if one.serves(address, self.tls, self.pool))
            found.append(next(same, None) or self._new(address))
        return tuple(found)

    def wait(self, chance: float, *, found: bool) -> float:
        """Seconds until the name is looked up again; ``chance`` is from 0 up to 1."""
        seconds = self.refresh if found else min(self.refresh, _IMPATIENT_SECONDS)
        return seconds * (1 - _JITTER + 2 * _JITTER * chance)

    def _new(self, address: EndpointAddress) -> Endpoint:
        endpoint = Endpoint(address, self.tls, self.pool)
        endpoint.comes_and_goes = True
        return endpoint
