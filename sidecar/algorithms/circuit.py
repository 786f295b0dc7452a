"""A circuit breaker on numbers and a clock that is handed in; pybreaker is its state machine.

Closed, it counts calls until a condition is met. Open, it lets nothing through for a time that
doubles with each opening that follows another one closely. After that the next call makes it
half open: so many probes are let through, and their results close it or open it again; when they
do not come in time it opens as well, so that half open always ends.

pybreaker's ``call`` would hold a lock while the upstream works, and its ``open`` reads the wall
clock: here its storage is set and its state follows, which does neither, and tells its listeners.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Final, NamedTuple

from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerListener,
    CircuitBreakerState,
    CircuitMemoryStorage,
)

from sidecar.algorithms.trip import Condition, go_on

Facts = Mapping[str, str | float]

CLOSED: Final = STATE_CLOSED
OPEN: Final = STATE_OPEN
HALF_OPEN: Final = STATE_HALF_OPEN

#: How long those wait who come while all probes are out: their results come soon.
_PROBES_OUT_SECONDS: Final = 1.0
#: By how much a caller may come too early who counts in decimals.
_ROUNDING: Final = 1e-6
#: Doubling further changes nothing in any time that can be written.
_DOUBLINGS_AT_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class CircuitSettings:
    """How long it stays open, and what closes it again."""

    first_seconds: float = 5.0
    longest_seconds: float = 60.0
    #: The share by which each opening may be longer or shorter.
    jitter: float = 0.2
    probes: int = 5
    success_ratio: float = 0.8
    give_up_seconds: float = 30.0

    @property
    def enough_successes(self) -> int:
        """How many probes must succeed."""
        return max(1, ceil(self.success_ratio * self.probes - _ROUNDING))


class Transition(NamedTuple):
    """A change of state, with what led to it."""

    before: str
    after: str
    why: str
    #: How long it stays open at least; 0 for the other states.
    seconds: float
    #: What led to the last opening.
    cause: Facts


class Circuit(CircuitBreakerListener):
    """One breaker. Every time is monotonic seconds; a ticket is the generation of its call."""

    def __init__(
        self,
        settings: CircuitSettings,
        conditions: Sequence[Condition],
        chance: Callable[[], float],
        tell: Callable[[Transition], None],
    ) -> None:
        self.state: str = CLOSED
        #: Told apart by it: calls from before a change of state say nothing about the one after.
        self.generation = 1
        self.since = -inf
        #: When an open circuit lets the first probe through.
        self.until = -inf
        self.in_flight = self.good = self.bad = 0
        #: How many openings have followed one another.
        self.openings = 0
        self.openings_in_all = 0
        #: What an operator made it, until when; empty for nothing.
        self.forced = ""
        self.forced_until = -inf
        #: What led to the last opening.
        self.cause: Facts = {}
        self.settings = settings
        self._conditions = tuple(conditions)
        self._chance = chance
        self._tell = tell
        self._luck = chance()
        self._storage = CircuitMemoryStorage(CLOSED)
        self._machine = CircuitBreaker(state_storage=self._storage, listeners=[self])

    # --- a call

    def wait(self, now: float) -> float:
        """Seconds until a call may pass, as far as can be told; 0 when it may. Leaves no trace."""
        if self.state == CLOSED:
            return 0.0
        if self.state == HALF_OPEN:
            ends = self._gives_up_at()
            if now < ends:
                return 0.0 if self.places else min(_PROBES_OUT_SECONDS, ends - now)
            wait = ends + self._open_seconds(self.openings + 1) - now
        else:
            wait = self.until - now
        return wait if wait > _ROUNDING else 0.0

    def enter(self, now: float) -> int:
        """A call that need not wait goes through; the ticket is handed back with its end."""
        if self.state == CLOSED:
            return self.generation
        self._pass_time(now)
        if self.state == OPEN:
            self._move(HALF_OPEN, now, "its time was over")
        self.in_flight += 1
        return self.generation

    def leave(self, ticket: int, now: float, seconds: float, *, error: bool | None) -> None:
        """The end of a call: an error, a success, or (None) nothing that says anything."""
        if self.state is not CLOSED:
            self._pass_time(now)
        if ticket != self.generation:
            return
        if self.state is CLOSED:
            if error is not None:
                self._count(now, seconds, error=error)
            return
        self.in_flight -= 1
        if error is not None:
            if any(one.is_bad(seconds, error=error) for one in self._conditions):
                self.bad += 1
            else:
                self.good += 1
            self._judge(now)

    # --- looking at it

    @property
    def places(self) -> int:
        """How many more probes would be let through."""
        return max(0, self.settings.probes - self.in_flight - self.good - self.bad)

    def is_forced(self, now: float) -> bool:
        """Whether it is what an operator made it."""
        return self.forced != "" and now < self.forced_until

    def state_at(self, now: float) -> str:
        """Its state, also when nobody has called since that ended. Leaves no trace."""
        gave_up = self.state == HALF_OPEN and now >= self._gives_up_at()
        return OPEN if gave_up else self.state

    def facts(self, now: float) -> dict[str, str | float]:
        """What it has counted, what led to its state, when the next probe is let through."""
        state = self.state_at(now)
        facts: dict[str, str | float] = {"state": state.replace("-", "_")}
        if state == CLOSED:
            facts |= self.measured(now)
        else:
            facts |= {**self.cause, "openings": self.openings}
            facts["next_probe_seconds"] = self.wait(now)
        if state == HALF_OPEN:
            facts |= {**self._probed(), "probes_enough": self.settings.enough_successes}
        if self.is_forced(now):
            facts |= {"forced": self.forced, "forced_seconds": self.forced_until - now}
        return facts

    def measured(self, now: float) -> dict[str, float]:
        """What the conditions count at the moment."""
        facts: dict[str, float] = {}
        for condition in self._conditions:
            facts = {**condition.facts(now), **facts}
        return facts

    # --- operators and reloads

    def force(self, state: str | None, until: float, now: float) -> None:
        """Keep it ``open`` or ``closed`` until then, whatever happens; None ends that at once.

        What was forced open is probed afterwards; what was forced closed goes on counting.
        """
        was_forced = self.is_forced(now)
        self.forced, self.forced_until = state or "", until
        if state is None:
            if was_forced and self.state == OPEN:
                self.until = now
        elif state == OPEN:
            self.until, self.cause = until, {"opened_by": "operator"}
            self._move(OPEN, now, "an operator forced it", until - now)
        elif self.state != CLOSED:
            self._move(CLOSED, now, "an operator forced it")

    def change(
        self,
        settings: CircuitSettings,
        conditions: Sequence[Condition],
        tell: Callable[[Transition], None],
        now: float,
    ) -> None:
        """Go on under other settings: it keeps its state, and what was counted that still counts.

        What is open stays so for as long as it would have been.
        """
        go_on(conditions, self._conditions, now)
        self.settings, self._conditions, self._tell = settings, tuple(conditions), tell
        if self.state == HALF_OPEN:
            self._pass_time(now)
        if self.state == HALF_OPEN:
            self._judge(now)

    # --- changes of state

    def state_change(
        self,
        cb: CircuitBreaker,  # noqa: ARG002 - pybreaker's contract
        old_state: CircuitBreakerState | None,  # noqa: ARG002 - the same
        new_state: CircuitBreakerState,
    ) -> None:
        """Told by the state machine: whatever belonged to the state before is over."""
        self.state = new_state.name
        self.generation += 1
        self.in_flight = self.good = self.bad = 0

    def _move(self, state: str, at: float, why: str, seconds: float = 0.0) -> None:
        before = self.state
        self._storage.state = state
        self._machine.state = state
        self.since = at
        if state == CLOSED:
            for condition in self._conditions:
                condition.clear()
        if state != before:
            self.openings_in_all += state == OPEN
            self._tell(Transition(before, state, why, seconds, self.cause))

    def _open(self, at: float, why: str, cause: Facts) -> None:
        self.openings += 1
        seconds = self._open_seconds(self.openings)
        self.until = at + seconds
        self.cause = cause
        self._move(OPEN, at, why, seconds)
        # Drawn now, so that all who ask how long the next one would be hear the same.
        self._luck = self._chance()

    def _pass_time(self, now: float) -> None:
        """Half open for too long: that was over at a moment that nobody has noticed yet."""
        if self.state == HALF_OPEN and now >= self._gives_up_at():
            cause = {"opened_by": "give_up_after", **self._probed()}
            self._open(self._gives_up_at(), "the probes did not end in time", cause)

    def _judge(self, now: float) -> None:
        enough = self.settings.enough_successes
        if self.good >= enough:
            self._move(CLOSED, now, "the probes succeeded")
        elif self.bad > self.settings.probes - enough:
            self._open(now, "the probes failed", {"opened_by": "probes", **self._probed()})

    def _count(self, now: float, seconds: float, *, error: bool) -> None:
        met: Condition | None = None
        # Every one of them counts, whatever the first one says.
        for condition in self._conditions:
            if condition.count(now, seconds, error=error) and met is None:
                met = condition
        if met is not None and not self.is_forced(now):
            if now - self.since >= self._healthy_seconds():
                self.openings = 0
            self._open(now, met.words(), {"opened_by": met.name, **met.facts(now)})

    def _probed(self) -> dict[str, str | float]:
        return {"probes_good": self.good, "probes_bad": self.bad, "probes_out": self.in_flight}

    def _healthy_seconds(self) -> float:
        """How long it must have been closed for an opening to be the first one again."""
        window = max((one.seconds for one in self._conditions), default=0.0)
        return self._plain_seconds(self.openings) + window

    def _plain_seconds(self, openings: int) -> float:
        doublings = min(max(openings - 1, 0), _DOUBLINGS_AT_MOST)
        return min(self.settings.first_seconds * 2.0**doublings, self.settings.longest_seconds)

    def _open_seconds(self, openings: int) -> float:
        jitter = self.settings.jitter * (2.0 * self._luck - 1.0)
        return self._plain_seconds(openings) * (1.0 + jitter)

    def _gives_up_at(self) -> float:
        return self.since + self.settings.give_up_seconds
