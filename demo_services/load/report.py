"""What a run measured: a line for each second while it runs, the whole at its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from demo_services.load.latency import Latency

_Key = TypeVar("_Key")


class ClientSecond(msgspec.Struct, frozen=True, kw_only=True):
    """One client in one second. Answers count in the second in which they were complete."""

    client: str
    phase: str
    offered: int
    admitted: int
    refused: int
    failed: int
    #: Of the admitted, those with a field that the plan calls a mark.
    marked: int = 0
    #: Of the admitted; 0 when there were none.
    p50_ms: float
    p99_ms: float
    #: Sent and unanswered, or waiting for a connection, at the end of the second.
    outstanding: int


class Second(msgspec.Struct, frozen=True, kw_only=True, tag="second"):
    """All clients in one second, counted from 1."""

    second: int
    clients: tuple[ClientSecond, ...]


class PhaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One client in one phase, by the scheduled moments of its requests."""

    client: str
    phase: str
    seconds: float
    offered: int
    #: Answers by status.
    statuses: dict[int, int]
    #: Requests without a whole answer, by what went wrong.
    errors: dict[str, int]
    admitted: Latency
    refused: Latency
    #: Refusals that lacked a header field that the plan demands.
    refusals_incomplete: int
    #: Admitted answers with a field that the plan calls a mark.
    marked: int = 0

    @property
    def failed(self) -> int:
        """Requests that were neither admitted nor refused."""
        return self.offered - self.admitted.count - self.refused.count


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as it came."""

    client: str
    status: int
    head: str
    body: str

    def field(self, name: str) -> str | None:
        """The value of a header field, by its name in any case."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


class DriverReport(msgspec.Struct, frozen=True, kw_only=True):
    """How well the driver itself kept up: when this is bad, so is every other number."""

    #: From the scheduled moment until the driver turned to the request.
    lag: Latency
    cpu_seconds: float
    #: Most requests that waited for a connection at one time.
    waiting_at_most: int
    connections_opened: int


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A whole run."""

    phases: tuple[PhaseReport, ...]
    driver: DriverReport
    #: The first refusal and the first failed answer that there was.
    refusal: Sample | None
    failure: Sample | None

    def select(
        self, *, client: str | None = None, phase: str | None = None
    ) -> tuple[PhaseReport, ...]:
        """The parts about a client, a phase, or both."""
        return tuple(
            part
            for part in self.phases
            if client in {None, part.client} and phase in {None, part.phase}
        )

    def statuses(self) -> dict[int, int]:
        """Answers by status, over everything."""
        return added(part.statuses for part in self.phases)

    def errors(self) -> dict[str, int]:
        """Requests without a whole answer, over everything."""
        return added(part.errors for part in self.phases)


def added(counts: Iterable[dict[_Key, int]]) -> dict[_Key, int]:
    """Add counts by key."""
    total: dict[_Key, int] = {}
    for count in counts:
        for key, number in count.items():
            total[key] = total.get(key, 0) + number
    return total
