"""The live form of a fallback: for what it answers, with which steps, and how it has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, final

from sidecar.algorithms.lot import draw
from sidecar.model.http import RequestHead
from sidecar.model.policy import BuildContext, Reading, Stage
from sidecar.policies.fallback.answer import Answer

if TYPE_CHECKING:
    from sidecar.policies.fallback.spec import FallbackSpec, FallbackStepSpec

#: The reasons of refusals and failures, by the words of ``when``.
REASONS: Final = {
    "breaker_open": frozenset({"breaker_open"}),
    "timeout": frozenset({
        "per_try_timeout", "request_timeout", "idle_timeout", "turn_timeout",
    }),
    "connect_failure": frozenset({"connect_failure", "connect_timeout", "upstream_tls_failure"}),
    "upstream_5xx": frozenset({
        "upstream_reset", "stale_connection", "upstream_bad_response", "upstream_truncated",
    }),
    "overloaded": frozenset({"overloaded"}),
    "rate_limited": frozenset({"rate_limited"}),
    "no_endpoint": frozenset({"no_endpoint"}),
    "concurrency_limited": frozenset({"concurrency_limited", "pool_overflow"}),
}  # fmt: skip
_EVERY: Final = frozenset().union(*REASONS.values())
#: Refusals that protect an upstream which, with the switch on, is not asked anyway.
_NEEDLESS: Final = frozenset({"breaker_open", "overloaded", "concurrency_limited"})
#: Reason of an answer that is given because somebody has thrown a switch.
SWITCHED_OFF: Final = "switched_off"
#: Trials of a fallback beside real answers that run at a time.
_TRIALS_AT_MOST: Final = 4


class Elsewhere(NamedTuple):
    """A step that asks another upstream; ``seconds`` is None for as long as a try may take."""

    upstream: str
    seconds: float | None


@final
class Fallback:
    """Says what is answered instead."""

    stage: ClassVar[Stage] = Stage.FALLBACK

    __slots__ = (
        "_answered", "_purpose", "_reasons", "_share", "_switch", "_takes_5xx", "_trials", "name",
        "steps", "trying",
    )  # fmt: skip

    def __init__(self, spec: FallbackSpec, context: BuildContext) -> None:
        self.name = spec.name.encode()
        words = {one.value for one in spec.when}
        named = (REASONS[word] for word in words - {"any"})
        self._reasons = _EVERY if "any" in words else frozenset().union(*named)
        self._takes_5xx = bool(words & {"any", "upstream_5xx"})
        self._switch = context.switch(spec.switch) if spec.switch is not None else None
        self._share = spec.exercise or 0.0
        self._purpose = b"exercise " + context.rule.label.encode()
        #: Each step with what it is called in metrics.
        self.steps = tuple(
            (f"{number}-{step.serve.value}", _live(step, spec.name, context))
            for number, step in enumerate(spec.steps, 1)
        )
        #: Trials that run.
        self.trying = 0
        self._answered = {label: 0 for label, _ in self.steps} | {"none": 0}
        self._trials = {"success": 0, "failure": 0}

    @property
    def is_switched_on(self) -> bool:
        """Whether somebody wants it to answer, however the upstream is."""
        return self._switch is not None and self._switch.is_on

    def answers_for(self, reason: str, status: int) -> bool:
        """Whether it answers for a refusal or a failure.

        ``status`` is that of an upstream's answer, or of one that was ordered; else 0.
        """
        if reason in self._reasons or (status >= 500 and self._takes_5xx):
            return True
        return reason in _NEEDLESS and self.is_switched_on

    def answered(self, label: str) -> None:
        """A step has answered, or none of them (``none``)."""
        self._answered[label] += 1

    def is_tried_on(self, request: RequestHead) -> bool:
        """Whether the fallback is to be tried beside the answer to this request."""
        if not self._share or self.trying >= _TRIALS_AT_MOST:
            return False
        if request.method != "GET" or request.has_body or request.asks_upgrade:
            return False
        return draw(request.decision, self._purpose) < self._share

    def tried(self, *, well: bool) -> None:
        """A trial of one step has ended."""
        self._trials["success" if well else "failure"] += 1

    def adopt(self, predecessor: Fallback, now: float) -> None:
        """Go on counting; trials that run belong to the predecessor."""
        self._trials = predecessor._trials
        self._answered = dict.fromkeys(self._answered, 0) | predecessor._answered

    def readings(self, now: float) -> tuple[Reading, ...]:
        """Which steps have answered, and how trials have ended."""
        return (
            *(Reading("fallback_answers", count, one) for one, count in self._answered.items()),
            *(Reading("fallback_trials", count, one) for one, count in self._trials.items()),
        )


def _live(step: FallbackStepSpec, name: str, context: BuildContext) -> Answer | Elsewhere:
    if step.upstream is not None:
        return Elsewhere(step.upstream, step.timeout)
    return Answer(step, name, context)
