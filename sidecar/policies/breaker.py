"""Breakers: an upstream that fails or is slow is left alone for a while, and refused with 503.

A breaker opens when one of the conditions of `open_when` is met, and refuses everything it governs
for `open_for`, which doubles with each opening that follows another one closely. Then it lets a
few probes through (`half_open`): their results close it, or open it again; if they do not come
within `give_up_after` it opens again as well. The refusal says with `Retry-After` when that is.

What counts is what the upstream did: refusals of our own, clients that went away and 4xx never do.
A probe that ended like that gives its place to another one; only a 4xx other than 429 says enough
for a probe, for whoever answers so is alive.

Changing a breaker while running forgets nothing: what is open stays open, what was counted counts
on. Only what counts as slow starts anew with another `slower_than`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Annotated, ClassVar, Final, Literal, Self, final

from pydantic import AfterValidator, model_validator

from sidecar.algorithms.circuit import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    Circuit,
    CircuitSettings,
    Transition,
)
from sidecar.algorithms.trip import Condition, ConsecutiveErrors, Ratio
from sidecar.model.failure_words import Failures, FailureWord
from sidecar.model.http import RequestHead
from sidecar.model.outcome import (
    PER_TRY_TIMEOUT,
    REQUEST_TIMEOUT,
    Outcome,
)
from sidecar.model.policy import (
    BuildContext,
    Facts,
    GateBasics,
    Notice,
    Reading,
    Stage,
    Ticket,
)
from sidecar.model.reading import unreadable
from sidecar.model.spec import RuleSpec, Spec
from sidecar.model.values import Count, Duration, OneOrMany, Percent, RequestCount, written
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict

#: Who is slow without end.
_UNANSWERED: Final = frozenset({PER_TRY_TIMEOUT, REQUEST_TIMEOUT})
_STATES: Final = {CLOSED: "closed", OPEN: "open", HALF_OPEN: "half_open"}
_DEFAULT_OVER: Final = 10.0
_DEFAULT_AT_LEAST: Final = 20


def _above_nothing(share: float) -> float:
    if share == 0:
        problem = "0% is reached before anything happens"
        raise unreadable("bad-percentage", problem, "write a share above 0%, such as 50%")
    return share


_Share = Annotated[Percent, AfterValidator(_above_nothing)]


class OpenConditionSpec(Spec):
    """One of `error_ratio`, `slow_ratio` and `consecutive_errors`, with what belongs to it."""

    error_ratio: _Share | None = None
    """Opens when at least this share of the requests were errors."""
    slow_ratio: _Share | None = None
    """Opens when at least this share of the requests took longer than `slower_than`."""
    slower_than: Duration | None = None
    """What is slow: from sending a try to the head of its answer; a try that timed out is, too."""
    consecutive_errors: Count | None = None
    """Opens after so many errors without a success in between."""
    over: Duration | None = None
    """The time that a ratio is taken over; 10s when left out."""
    at_least: RequestCount | None = None
    """How many requests a ratio needs to mean anything; `20 requests` when left out."""

    @model_validator(mode="after")
    def _is_one_condition(self) -> Self:
        self._check()
        return self

    def _check(self) -> None:
        kinds = [name for name in _KINDS if getattr(self, name) is not None]
        if not kinds:
            problem = "it does not say when to open"
            raise unreadable("incomplete", problem, f"add one of {', '.join(_KINDS)}")
        if len(kinds) > 1:
            problem = f"{kinds[0]} and {kinds[1]} are two conditions"
            hint = "write any: [{…}, {…}] with one condition in each"
            raise unreadable("conflict", problem, hint)
        if self.slow_ratio is not None and self.slower_than is None:
            problem = "slow_ratio does not say what is slow"
            raise unreadable("incomplete", problem, "add slower_than: 400ms")
        if self.slow_ratio is None and self.slower_than is not None:
            raise unreadable("conflict", "slower_than belongs to slow_ratio", "leave it out")
        if self.consecutive_errors is not None and (self.over or self.at_least):
            problem = "over and at_least belong to a ratio, not to consecutive_errors"
            raise unreadable("conflict", problem, "leave them out")

    def condition(self) -> Condition:
        """The condition, with nothing counted."""
        if self.consecutive_errors is not None:
            return ConsecutiveErrors(self.consecutive_errors)
        over = self.over or _DEFAULT_OVER
        at_least = self.at_least or _DEFAULT_AT_LEAST
        if self.error_ratio is not None:
            return Ratio(self.error_ratio, over, at_least)
        return Ratio(self.slow_ratio or 1.0, over, at_least, self.slower_than or inf)


_KINDS: Final = ("error_ratio", "slow_ratio", "consecutive_errors")


class OpenWhenSpec(OpenConditionSpec):
    """One condition, or several under `any`."""

    any: tuple[OpenConditionSpec, ...] = ()
    """Several conditions: the first one that is met opens the breaker."""

    def _check(self) -> None:
        if "any" not in self.model_fields_set:
            super()._check()
        elif len(self.model_fields_set) > 1:
            other = min(self.model_fields_set - {"any"})
            problem = f"{other} stands beside any"
            raise unreadable("conflict", problem, "put it into the list of any")
        elif not self.any:
            raise unreadable("empty-list", "any names no condition", "add one, or leave any out")

    @property
    def conditions(self) -> tuple[tuple[tuple[str | int, ...], OpenConditionSpec], ...]:
        """Each condition with its place below this map."""
        if not self.any:
            return (((), self),)
        return tuple((("any", index), one) for index, one in enumerate(self.any))


class OpenForSpec(Spec):
    """How long a breaker stays open."""

    first: Duration = written("5s")
    """How long at first."""
    growing_to: Duration = written("60s")
    """It doubles with each opening that follows another one closely, up to this."""
    jitter: Percent = written("20%")
    """By how much it is longer or shorter, by chance, so that not all sidecars probe at once."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        # A default that is shorter than what was written is nobody's mistake.
        if self.growing_to < self.first and "growing_to" in self.model_fields_set:
            problem = f"it would shrink from {self.first:g}s to {self.growing_to:g}s"
            raise unreadable("conflict", problem, "make growing_to as long as first, or longer")
        return self


class CloseWhenSpec(Spec):
    """What closes a breaker again."""

    success_ratio: _Share = written("80%")
    """The share of the probes that must succeed, and be fast enough where slowness opens it."""


class HalfOpenSpec(Spec):
    """How a breaker finds out whether the upstream is well again."""

    probes: Count = 5
    """How many requests are let through to find out."""
    close_when: CloseWhenSpec = CloseWhenSpec()
    """What closes it again; anything less opens it again."""
    give_up_after: Duration = written("30s")
    """How long to wait for the probes' results before it opens again."""


class BreakerSpec(RuleSpec):
    """Leaves an upstream alone that fails or is slow, and probes it by and by."""

    kind: ClassVar[str] = "breakers"

    open_when: OpenWhenSpec
    """When it opens."""
    count_as_error: OneOrMany[FailureWord] = ("5xx", "timeout", "connect_failure", "reset")
    """What is an error: `5xx`, single statuses, `timeout`, `connect_failure` and `reset`; all but
    single statuses when left out, so 429 is none."""
    open_for: OpenForSpec = OpenForSpec()
    """How long it stays open."""
    half_open: HalfOpenSpec = HalfOpenSpec()
    """How it finds out whether to close again."""

    def build(self, context: BuildContext) -> Breaker:
        """The live gate, closed."""
        return Breaker(self, context)

    @property
    def settings(self) -> CircuitSettings:
        """How long it stays open, and what closes it again."""
        return CircuitSettings(
            first_seconds=self.open_for.first,
            longest_seconds=max(self.open_for.first, self.open_for.growing_to),
            jitter=self.open_for.jitter,
            probes=self.half_open.probes,
            success_ratio=self.half_open.close_when.success_ratio,
            give_up_seconds=self.half_open.give_up_after,
        )


@final
class Breaker(GateBasics):
    """Refuses while it is open, and lets probes through while it is half open."""

    __slots__ = ("_circuit", "_conditions", "_context", "_failures", "_settings")

    settles: ClassVar[bool] = True
    stage: ClassVar[Stage] = Stage.BREAKER

    def __init__(self, spec: BreakerSpec, context: BuildContext) -> None:
        self._context = context
        self._failures = Failures(spec.count_as_error)
        self._settings = spec.settings
        self._conditions = tuple(one.condition() for _, one in spec.open_when.conditions)
        self._circuit = Circuit(self._settings, self._conditions, context.chance, self._tell)

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Admit while it is closed, and as many as may probe while it is half open."""
        circuit = self._circuit
        if circuit.state is CLOSED:
            return ADMIT
        seconds = circuit.wait(now)
        if not seconds:
            return ADMIT
        detail = "The service behind this one is not well at the moment."
        facts = circuit.facts(now)
        return Respond(LocalReply(503, "breaker_open", detail, seconds, facts=facts))

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Let it through; a ticket tells those of one state from those of another."""
        return self._circuit.enter(now)

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """Count what the upstream did, if it did anything."""
        seconds = outcome.upstream_seconds
        if seconds is None:
            seconds = inf if outcome.failure in _UNANSWERED else 0.0
        error = self._failures.judge(outcome)
        if error is None and self._circuit.state is HALF_OPEN and _is_alive(outcome):
            error = False
        self._circuit.leave(ticket, now, seconds, error=error)

    def adopt(self, predecessor: Breaker, now: float) -> None:
        """Go on with the predecessor's state, which both share from here on."""
        circuit = predecessor._circuit
        circuit.change(self._settings, self._conditions, self._tell, now)
        self._circuit = circuit

    def facts(self, request: RequestHead, now: float) -> Facts:
        """State, counts, limits, and when the next probe is let through."""
        return self._circuit.facts(now)

    def readings(self, now: float) -> Iterable[Reading]:
        """One for the state it is in, shares of bad requests, time to the next probe."""
        circuit = self._circuit
        state = circuit.state_at(now)
        for one, label in _STATES.items():
            yield Reading("breaker_state", float(one == state), label)
        measured = circuit.measured(now)
        for name in ("error_ratio", "slow_ratio"):
            if name in measured:
                yield Reading(f"breaker_{name}", measured[name])
        yield Reading("breaker_next_probe_seconds", circuit.wait(now))
        yield Reading("breaker_openings", circuit.openings_in_all)
        yield Reading("breaker_forced", float(circuit.is_forced(now)))

    def force(self, state: Literal["open", "closed"] | None, until: float, now: float) -> None:
        """Keep it open or closed until then (monotonic seconds); None ends that at once."""
        self._circuit.force(state, until, now)

    def _tell(self, change: Transition) -> None:
        rule = self._context.rule
        state = _STATES[change.after]
        how_long = f" for {change.seconds:.3g}s" if change.seconds else ""
        text = f"breaker {rule.name} is {state.replace('_', ' ')}{how_long}: {change.why}"
        facts: dict[str, str | float] = {
            "sidecar.rule.kind": rule.kind,
            "sidecar.rule.name": rule.name,
            "sidecar.rule.mode": rule.mode.value,
            "sidecar.breaker.state": state,
            "sidecar.breaker.previous_state": _STATES[change.before],
        }
        if change.after == OPEN:
            facts["sidecar.breaker.opened_by"] = change.cause["opened_by"]
            facts["sidecar.breaker.open_seconds"] = change.seconds
        self._context.notify(Notice("sidecar.breaker", text, facts, warns=change.after == OPEN))


def _is_alive(outcome: Outcome) -> bool:
    """Whether the upstream has answered, if only that the client is to blame.

    An upstream that probes ask for what it has not would otherwise be refused for ever.
    """
    status = outcome.upstream_status
    return outcome.failure is None and 400 <= status < 500 and status != 429
