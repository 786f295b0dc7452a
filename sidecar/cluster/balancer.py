"""How one endpoint is chosen among several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class RandomChoice(Balancer):
    """Any of them: many sidecars that start at once do not walk in step."""

    __slots__ = ("_chance",)

    def __init__(self, chance: Callable[[], float]) -> None:
        """``chance`` is a random number from 0 up to, and without, 1."""
        super().__init__()
        self._chance = chance

    def choose(self, endpoints: Sequence[LoadedT]) -> LoadedT:
        """One of ``endpoints``, of which there is at least one."""
        return endpoints[int(self._chance() * len(endpoints))]


def balancer(name: str, chance: Callable[[], float]) -> Balancer:
    """The balancer that the rule language calls so. Raises ``KeyError`` for others."""
    if name == "random":
        return RandomChoice(chance)
    return {"round_robin": Balancer, "least_request": LeastRequest}[name]()
