"""What load to offer: which clients, from which addresses, how fast and for how long."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Rate = Annotated[float, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time with one rate, or with one that climbs or falls evenly.

    Steps of one client that follow each other may share a ``phase``: what is measured is kept
    by client and phase.
    """

    phase: str
    seconds: Seconds
    per_second: Rate
    #: The rate at the end of the step; unset, it stays what it was at the beginning.
    until_per_second: Rate | None = None
    #: ``poisson``: as many independent users arrive. ``even``: at equal distances.
    spacing: Literal["poisson", "even"] = "poisson"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request; a client goes through its requests in turn, again and again."""

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = {}
    body: str = ""


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of requests."""

    name: str
    steps: tuple[Step, ...]
    requests: tuple[Request, ...] = (Request(),)
    #: The local address to connect from; unset, the system chooses.
    source: str | None = None
    #: Connections opened before the first arrival.
    connections: AtLeastOne = 16
    #: Connections at most; arrivals beyond wait, and their clock runs.
    connections_at_most: AtLeastOne = 128


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole run. The same seed gives the same arrivals."""

    host: str
    port: int
    clients: tuple[Client, ...]
    #: From the scheduled moment to the last byte of the answer.
    timeout_seconds: Seconds = 10.0
    #: Statuses that mean: turned away on purpose. Other than these, 2xx and 3xx are admitted
    #: and everything else has failed.
    refused: frozenset[int] = frozenset({429})
    #: Header fields that every refusal has to carry; those that do not are counted.
    refusals_carry: tuple[str, ...] = ()
    #: Header fields that mark an answer, a degraded one for instance; admitted answers that
    #: carry one of them are counted as marked besides.
    marks: tuple[str, ...] = ()
    seed: int = 1

    @property
    def seconds(self) -> float:
        """How long arrivals go on."""
        return max(sum(step.seconds for step in client.steps) for client in self.clients)
