"""Retries: an attempt that failed is made once more, of another endpoint where there is one.

A retry never comes after a byte of the answer was sent, never for what may have had an effect
unless an idempotency key makes it safe, never when the time that is left cannot hold it, and
never beyond a budget: where everything fails, retries add a fifth to the load and not twice as
much. Of a body, 64 KiB are kept to be sent again.

A connection that the endpoint had closed meanwhile, and a connect that failed while there is
another endpoint, are replaced without any rule.
"""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Annotated, ClassVar, NamedTuple, final

from pydantic import AfterValidator

from sidecar.algorithms.backoff import Backoff
from sidecar.algorithms.lot import draw
from sidecar.model.failure_words import Failures, FailureWord
from sidecar.model.http import IDEMPOTENT, RequestHead
from sidecar.model.policy import BuildContext, Reading, Stage
from sidecar.model.reading import unreadable
from sidecar.model.spec import HeaderUse, RuleSpec, Spec
from sidecar.model.values import Count, Duration, HeaderName, OneOrMany, Percent, written

#: More tries than this are an outage made worse.
_AT_MOST = 10
_RETRY_AFTER = b"retry-after"
#: Words of ``on`` that stand for what cannot have reached the upstream at all.
_UNTOUCHED = frozenset({"connect_failure"})

BUDGET_EXHAUSTED = "budget_exhausted"
DEADLINE_TOO_NEAR = "deadline_too_near"
BODY_NOT_KEPT = "body_not_kept"


class Jitter(Enum):
    """How waits are spread."""

    FULL = "full"
    NONE = "none"


class BudgetOf(Enum):
    """What a budget is a share of."""

    ACTIVE_REQUESTS = "active_requests"


class BackoffSpec(Spec):
    """How long to wait before a retry."""

    first: Duration = written("25ms")
    """Before the first retry; twice as long before each further one."""
    at_most: Duration = written("250ms")
    """The longest wait, unless the upstream asks for more with Retry-After."""
    jitter: Jitter = Jitter.FULL
    """`full` waits any part of that, so that those who failed together do not come back
    together; `none` waits all of it."""


class BudgetSpec(Spec):
    """How many requests to an upstream may be tried again at a time."""

    at_most: Percent = written("20%")
    """The share of the requests."""
    of: BudgetOf = BudgetOf.ACTIVE_REQUESTS
    """Which requests: those that the upstream has at the moment, waiting ones included."""
    at_least: Count = 3
    """So many may be tried again however few requests there are."""


def _few(count: int) -> int:
    if count > _AT_MOST:
        problem = f"{count} retries make an outage worse"
        raise unreadable("bad-value", problem, f"write a number from 1 to {_AT_MOST}")
    return count


class RetrySpec(RuleSpec):
    """What is tried again, how often, and after which wait."""

    kind: ClassVar[str] = "retries"

    on: OneOrMany[FailureWord]
    """Failures to be tried again: `connect_failure`, `reset`, `timeout`, `5xx` and statuses."""
    at_most: Annotated[Count, AfterValidator(_few)] = 1
    """How many retries a request gets."""
    only_with_header: HeaderName | None = None
    """Holds for requests with this header field, such as `idempotency-key`. What is not
    idempotent (POST, PATCH) is tried again only then, or when it cannot have been sent."""
    backoff: BackoffSpec = BackoffSpec()
    """How long to wait before a retry."""
    budget: BudgetSpec = BudgetSpec()
    """How many requests may be tried again at a time, counted for the upstream as a whole."""

    def build(self, context: BuildContext) -> Retry:
        """The live form."""
        return Retry(self, context)

    def headers_used(self) -> tuple[HeaderUse, ...]:
        """Those of ``match``, and the one that makes it safe to send a request again."""
        used = super().headers_used()
        if self.only_with_header is None:
            return used
        return (*used, HeaderUse(self.only_with_header, ("only_with_header",)))

    def response_fields(self) -> tuple[bytes, ...]:
        """What an upstream says about when to come back."""
        return (_RETRY_AFTER,)

    @property
    def only_untouched(self) -> bool:
        """Whether it repeats only what cannot have reached the upstream."""
        return {*self.on} <= _UNTOUCHED


class FailedTry(NamedTuple):
    """An attempt that gave no answer, or one that is not wanted."""

    #: Why there was no answer; empty when there was one.
    reason: str
    #: The status of the answer; 0 when there was none.
    status: int
    #: Not one byte of the request can have been acted on.
    untouched: bool
    #: Whether all that was received of the request's body is still there.
    replayable: bool
    #: Retries that the request has had.
    retries: int
    #: How long the attempt took, and how long the request may still take; seconds.
    took: float
    left: float
    #: What the upstream said about when to come back, in seconds; ``inf`` when it cannot be read.
    retry_after: float
    #: Requests that the upstream has at the moment, and those of them that are tried again.
    active: int
    retrying: int


@final
class Retry:
    """Says whether, and when, an attempt that failed is made once more."""

    stage: ClassVar[Stage] = Stage.RETRY

    __slots__ = (
        "_at_least", "_at_most", "_backoff", "_header", "_on", "_purpose", "_results", "_share",
        "_skipped",
    )  # fmt: skip

    def __init__(self, spec: RetrySpec, context: BuildContext) -> None:
        waits = spec.backoff
        self._purpose = context.rule.label.encode()
        self._at_most = spec.at_most
        self._on = Failures(spec.on)
        self._header = (spec.only_with_header or "").lower().encode("ascii")
        self._backoff = Backoff(waits.first, waits.at_most, waits.jitter is Jitter.FULL)
        self._share = spec.budget.at_most
        self._at_least = spec.budget.at_least
        self._results = {"success": 0, "failure": 0}
        self._skipped = dict.fromkeys((BUDGET_EXHAUSTED, DEADLINE_TOO_NEAR, BODY_NOT_KEPT), 0)

    def governs(self, request: RequestHead) -> bool:
        """Whether the rule holds for the request, ``match`` aside."""
        return not self._header or bool(request.fields.get(self._header))

    def wants(self, request: RequestHead, failed: FailedTry) -> bool:
        """Whether it is one of the failures that are repeated, of a request that may be."""
        if failed.retries >= self._at_most or not self._on.include(failed.reason, failed.status):
            return False
        return failed.untouched or request.method in IDEMPOTENT or bool(self._header)

    def wait(self, request: RequestHead, failed: FailedTry) -> float | None:
        """Seconds until the next try of what is wanted; None, and counted, if there is none."""
        drawn = draw(request.decision, b"%d %b" % (failed.retries, self._purpose))
        seconds = max(self._backoff.seconds(failed.retries, drawn), failed.retry_after)
        why = ""
        if not failed.replayable:
            why = BODY_NOT_KEPT
        elif seconds == inf or seconds + failed.took >= failed.left:
            why = DEADLINE_TOO_NEAR
        elif failed.retrying >= max(self._at_least, self._share * failed.active):
            why = BUDGET_EXHAUSTED
        if why:
            self._skipped[why] += 1
            return None
        return seconds

    def ended(self, *, well: bool) -> None:
        """A request that was tried again has its answer, or has none."""
        self._results["success" if well else "failure"] += 1

    def is_failure(self, status: int) -> bool:
        """Whether an answer is one of those that are not wanted."""
        return self._on.include("", status)

    def adopt(self, predecessor: Retry, now: float) -> None:
        """Go on counting; what is being tried again is counted by the upstream."""
        self._results, self._skipped = predecessor._results, predecessor._skipped

    def readings(self, now: float) -> tuple[Reading, ...]:
        """What became of requests that were tried again, and why others were not."""
        return (
            *(Reading("retry_results", count, result) for result, count in self._results.items()),
            *(Reading("retries_skipped", count, why) for why, count in self._skipped.items()),
        )
