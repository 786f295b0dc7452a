"""The live form of a rate limit."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, inf
from typing import final

from sidecar.algorithms.fingerprint import fingerprint
from sidecar.algorithms.members import Members
from sidecar.algorithms.pacing import EARLY, Pacing
from sidecar.algorithms.warm_up import WarmUp
from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome
from sidecar.model.policy import Facts, GateBasics, Key, Reading, Stage, Ticket
from sidecar.model.values import Rate
from sidecar.model.verdict import ADMIT, LocalReply, Park, Place, Respond, Verdict
from sidecar.policies.rate_limit.allowance import Allowance, Shape
from sidecar.policies.rate_limit.cost import AnsweredCost, CostReader, CostSpec
from sidecar.state.row_key import row_key_of, row_key_reader

#: The ticket of a request that took nothing.
_NOTHING = -1
#: Sums of waiting times are rounded.
_ROUNDING = 1e-6


@final
class _Turn(Place):
    """The turn that a request waits for."""

    __slots__ = ("allowance", "key", "moment")

    def __init__(self, allowance: Allowance, key: bytes, moment: float) -> None:
        super().__init__()
        self.allowance = allowance
        self.key = key
        self.moment = moment


@final
class RateLimit(GateBasics):
    """Refuses what is more than the limit, and says when to come back."""

    __slots__ = (
        "_allowance",
        "_answered",
        "_cost",
        "_default_cost",
        "_overrides",
        "_read",
        "_turns",
        "exempt",
        "per",
        "settles",
        "stage",
        "wait_at_most",
    )

    def __init__(
        self, shape: Shape, limit: Rate, keys: tuple[Key, ...], overrides: Mapping[str, Rate]
    ) -> None:
        #: Names of the keys that a limit belongs to, in alphabetical order.
        self.per = tuple(key.name for key in keys)
        self.stage = Stage.KEYED_LIMIT if keys else Stage.SHARED_LIMIT
        self.settles = False  # type: ignore[misc]  # depends on what it is charged by
        self.wait_at_most = 0.0
        self.exempt: Members | None = None
        self._read = row_key_reader(keys)
        room = min((key.track_at_most for key in keys), default=1)
        self._allowance = Allowance(shape, limit, limit, room)
        self._overrides = {
            row_key_of(value.encode("utf-8", "surrogatepass")): Allowance(shape, rate, limit, 1)
            for value, rate in overrides.items()
        }
        self._cost: CostReader | None = None
        self._answered: AnsweredCost | None = None
        self._default_cost = 1
        #: Requests that wait, by identity.
        self._turns: dict[RequestHead, _Turn] = {}

    def charge(self, cost: CostSpec) -> None:
        """Requests cost what this says."""
        self._cost = cost.request_reader()
        self._answered = cost.response_reader()
        self._default_cost = cost.default
        self.settles = self._answered is not None  # type: ignore[misc]  # see above

    # --- the chain

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Admit while the limit has room for what the request costs."""
        if self.exempt is not None and self.exempt.find(request) is not None:
            return ADMIT
        key = self._read(request)
        allowance = (
            self._overrides.get(key, self._allowance) if self._overrides else self._allowance
        )
        if allowance.pace is not None:
            return self._peek_pace(request, allowance, allowance.pace, key, now)
        cost = self._default_cost if self._cost is None else self._cost(request)
        if allowance.meter.admits(key, now, cost):
            return ADMIT
        return self._refusal(allowance, key, now, cost)

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Take what the request costs out of the limit; the ticket is how much."""
        if self.exempt is not None and self.exempt.find(request) is not None:
            return _NOTHING
        if self._turns and (turn := self._turns.pop(request, None)) is not None:
            _pace_of(turn).use(turn.key, turn.moment)
            return 1
        key = self._read(request)
        allowance = (
            self._overrides.get(key, self._allowance) if self._overrides else self._allowance
        )
        cost = self._default_cost if self._cost is None else self._cost(request)
        allowance.meter.take(key, now, cost)
        return cost

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """Take or give back what the answer cost more or less than was taken."""
        if self._answered is None or ticket == _NOTHING:
            return
        missing = self._answered(outcome.fields) - ticket
        if missing:
            key = self._read(request)
            self._overrides.get(key, self._allowance).meter.take(key, now, missing)

    def leave(self, request: RequestHead, place: Place) -> None:
        """The turn of a request that does not wait any more goes to others."""
        turn = self._turns.pop(request, None)
        if turn is not None:
            _pace_of(turn).give_back(turn.key, turn.moment)

    def adopt(self, predecessor: RateLimit, now: float) -> None:
        """Go on with what the predecessor counted, when it belongs to the same keys."""
        if predecessor.per != self.per:
            return
        self._allowance.succeed(predecessor._allowance, now)
        for key, allowance in self._overrides.items():
            before = predecessor._overrides.get(key)
            if before is not None:
                allowance.succeed(before, now)
            else:
                allowance.copy_standing(key, predecessor._allowance, now)
        for key, before in predecessor._overrides.items():
            if key not in self._overrides:
                self._allowance.copy_standing(key, before, now)

    # --- what is shown

    def facts(self, request: RequestHead, now: float) -> Facts:
        """What the limit has left for the request."""
        if self.exempt is not None and self.exempt.find(request) is not None:
            return {"exempt": "yes"}
        key = self._read(request)
        allowance = self._overrides.get(key, self._allowance)
        facts = self._facts(allowance, key, now)
        if self._cost is not None:
            facts["cost"] = self._cost(request)
        return facts

    def readings(self, now: float) -> tuple[Reading, ...]:
        """How many values are remembered, were forgotten too early, and wait."""
        readings = []
        if self.per:
            readings = [Reading("tracked_keys", self.tracked), Reading("evictions", self.evictions)]
        if self._allowance.pace is not None:
            readings.append(Reading("waiting_for_turn", self.waiting))
        return tuple(readings)

    @property
    def tracked(self) -> int:
        """How many values of its keys are remembered."""
        return self._allowance.meter.tracked + sum(
            one.meter.tracked for one in self._overrides.values()
        )

    @property
    def evictions(self) -> int:
        """How many values were forgotten for want of room (`track_at_most`) while they mattered."""
        return self._allowance.meter.evictions

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._turns)

    # --- inside

    def _peek_pace(
        self, request: RequestHead, allowance: Allowance, pace: Pacing, key: bytes, now: float
    ) -> Verdict:
        turn = self._turns.get(request)
        if turn is not None:
            return ADMIT if turn.moment <= now + EARLY else Park(turn.moment, turn)
        wait = allowance.meter.seconds_until(key, now)
        if wait <= 0:
            return ADMIT
        if wait > self.wait_at_most + _ROUNDING:
            return self._refusal(allowance, key, now, 1)
        turn = _Turn(allowance, key, allowance.reserve(pace, key, now))
        self._turns[request] = turn
        return Park(turn.moment, turn)

    def _facts(self, allowance: Allowance, key: bytes, now: float) -> dict[str, str | float]:
        facts = {**allowance.about, "available": allowance.meter.left(key, now)}
        if isinstance(allowance.meter, WarmUp):
            facts["warmth"] = allowance.meter.warmth(key, now)
        if self.per:
            facts["per"] = ", ".join(self.per)
        return facts

    def _refusal(self, allowance: Allowance, key: bytes, now: float, cost: int) -> Respond:
        facts = self._facts(allowance, key, now)
        if self.per:
            facts["key_hash"] = fingerprint(key)
        wait = allowance.meter.seconds_until(key, now, cost)
        if allowance.pace is not None:
            # Who comes when the wait is short enough is let in, and waits that long.
            wait -= self.wait_at_most
        if self._cost is not None:
            facts["cost"] = cost
        if wait == inf:
            detail = "This request costs more than is let through at once."
            return Respond(LocalReply(429, "rate_limited", detail, facts=facts))
        facts["retry_after"] = wait
        left = max(0, int(facts["available"]))
        headers = (
            (b"RateLimit-Policy", allowance.announced),
            (b"RateLimit", b'"default";r=%d;t=%d' % (left, ceil(wait))),
        )
        return Respond(LocalReply(429, "rate_limited", "Too many requests.", wait, headers, facts))


def _pace_of(turn: _Turn) -> Pacing:
    pace = turn.allowance.pace
    if pace is None:
        raise TypeError
    return pace
