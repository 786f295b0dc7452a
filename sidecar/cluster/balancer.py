"""How one endpoint is chosen among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Loaded(Protocol):
    """Something that requests are in flight to."""

    in_flight: int


LoadedT = TypeVar("LoadedT", bound=Loaded)


class Balancer:
    """Round robin: each endpoint in turn."""

    __slots__ = ("_turn",)

    def __init__(self) -> None:
        self._turn = -1

    def choose(self, endpoints: Sequence[LoadedT]) -> LoadedT:
        """One of ``endpoints``, of which there is at least one."""
        self._turn = (self._turn + 1) % len(endpoints)
        return endpoints[self._turn]


class LeastRequest(Balancer):
    """The endpoint with the fewest requests in flight; among equals, each in turn."""

    __slots__ = ()

    def choose(self, endpoints: Sequence[LoadedT]) -> LoadedT:
        """One of ``endpoints``, of which there is at least one."""
        self._turn = turn = (self._turn + 1) % len(endpoints)
        best = endpoints[turn]
        for offset in range(1, len(endpoints)):
            other = endpoints[turn - offset]
            if other.in_flight < best.in_flight:
                best = other
        return best


BALANCERS: dict[str, type[Balancer]] = {
    "round_robin": Balancer,
    "least_request": LeastRequest,
}
