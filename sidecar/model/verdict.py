"""What a gate may answer. A refusal is data, not an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Admit:
    """Nothing against it."""


#: The one ``Admit`` there is; the chain tests for it by identity.
ADMIT: Final = Admit()


class Place:
    """What a parked request keeps while it waits: its turn in a queue, a reserved slot.

    A gate subclasses it for what it has to remember. The chain sets ``wake``; the gate calls
    it when the turn has come, at most once. Whatever happens, the request asks again from the
    first gate, and finds its place by ``request`` identity in the gate.
    """

    __slots__ = ("wake",)

    def __init__(self) -> None:
        self.wake: Callable[[], None] | None = None


@final
@dataclass(frozen=True, slots=True)
class Park:
    """Not yet: wait until ``until`` (monotonic seconds) or until the place wakes it."""

    until: float
    place: Place


@final
@dataclass(frozen=True, slots=True)
class LocalReply:
    """A response that the sidecar makes itself.

    ``reason`` is a word of the catalogue (``telemetry.catalogue``); ``detail`` is one sentence
    for the client and must not name a rule. ``facts`` are the numbers behind the decision, for
    ``explain`` and the decision log; they never go to the client.
    """

    status: int
    reason: str
    detail: str
    #: Seconds after which a client may come back and be admitted, as ``Retry-After``.
    retry_after: float | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    facts: Mapping[str, str | float] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Respond:
    """A refusal, or an answer the upstream need not give."""

    reply: LocalReply


Verdict = Admit | Park | Respond
