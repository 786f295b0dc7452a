"""Where everything of one run is: the addresses of each service and its sidecar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

WAREHOUSE: Final = "warehouse"
INVENTORY: Final = "inventory"
ORDER: Final = "order"
STOREFRONT: Final = "storefront"
#: In the order in which they are started: whoever is called before whoever calls.
SERVICES: Final = (WAREHOUSE, INVENTORY, ORDER, STOREFRONT)
#: Whom each of them calls.
CALLS: Final[Mapping[str, Sequence[str]]] = {
    WAREHOUSE: (),
    INVENTORY: (WAREHOUSE,),
    ORDER: (INVENTORY,),
    STOREFRONT: (INVENTORY, ORDER),
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses as ``host:port``."""

    #: The service itself.
    app: str
    knobs: str
    #: Its sidecar.
    inbound: str
    outbound: str
    prometheus: str
    #: Where others find its sidecar, when that is not where it listens.
    known_as: str = ""

    @property
    def reached(self) -> str:
        """Where others find its sidecar."""
        return self.known_as or self.inbound


Layout = dict[str, Place]


_PORTS: Final = ("app", "knobs", "inbound", "outbound", "prometheus")


def lay_out(ports: Iterator[int]) -> Layout:
    """A place for each service."""
    return {
        name: Place(**{field: f"127.0.0.1:{next(ports)}" for field in _PORTS}) for name in SERVICES
    }
