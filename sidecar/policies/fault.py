"""Faults: answers that come late, or not at all, so that it is known beforehand what they do.

A share of the requests waits, a share is refused as if the upstream had failed. Which ones is drawn
by the id of the decision: a request is delayed once, however often it asks.

Nothing of it is held against the upstream: a breaker is asked after the faults, and does not hear
of requests that they refuse. Fallbacks are: an abort with a 5xx is to them an upstream that failed.
"""

from __future__ import annotations

from typing import ClassVar, final

from sidecar.algorithms.lot import draw
from sidecar.model.http import RequestHead
from sidecar.model.policy import BuildContext, Facts, GateBasics, Stage, Ticket
from sidecar.model.spec import HeaderUse, RuleSpec, Spec
from sidecar.model.values import Duration, Percent, Status, written
from sidecar.model.verdict import ADMIT, LocalReply, Park, Place, Respond, Verdict

#: Requests that are remembered as delayed while other rules let them wait; the oldest goes first.
_REMEMBERED_AT_MOST = 10_000


class DelaySpec(Spec):
    """Requests that wait."""

    of: Duration
    """How long."""
    share: Percent = written("100%")
    """Which share of the requests."""


class AbortSpec(Spec):
    """Requests that are refused."""

    status: Status
    """The status of the answer, 400 to 599."""
    share: Percent = written("100%")
    """Which share of the requests."""


class FaultSpec(RuleSpec):
    """Requests that are delayed or refused on purpose."""

    kind: ClassVar[str] = "faults"

    delay: DelaySpec | None = None
    """A share of the requests waits."""
    abort: AbortSpec | None = None
    """A share of the requests, delayed ones included, is refused."""

    def build(self, context: BuildContext) -> Fault:
        """The live gate."""
        return Fault(self.delay, self.abort, context.rule.label.encode())

    def headers_used(self) -> tuple[HeaderUse, ...]:
        """Those of ``match``: who may ask for faults is not for everybody to say."""
        return tuple(HeaderUse(use.name, use.at, of_callers=True) for use in super().headers_used())


class _Delay(Place):
    """A request that waits."""

    __slots__ = ("is_over", "until")

    def __init__(self, until: float) -> None:
        super().__init__()
        self.until = until
        self.is_over = False


@final
class Fault(GateBasics):
    """Delays and refuses."""

    stage: ClassVar[Stage] = Stage.FAULT

    __slots__ = ("_abort", "_delay", "_lots", "_refusal", "_served", "_waiting")

    def __init__(self, delay: DelaySpec | None, abort: AbortSpec | None, purpose: bytes) -> None:
        self._delay = delay
        self._abort = abort
        self._lots = b"delay " + purpose, b"abort " + purpose
        status = abort.status if abort is not None else 0
        detail = "This failure was ordered."
        self._refusal = Respond(LocalReply(status, "fault_injected", detail))
        #: Requests that wait, by their decisions.
        self._waiting: dict[bytes, _Delay] = {}
        #: Those that have waited, while another rule lets them wait on.
        self._served: dict[bytes, None] = {}

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Let those wait that were drawn, once, and refuse those that were."""
        decision = request.decision
        seconds = self._wait_of(decision)
        if seconds and decision not in self._served:
            place = self._waiting.get(decision)
            if place is None:
                place = self._waiting[decision] = _Delay(now + seconds)
            if now < place.until:
                return Park(place.until, place)
            place.is_over = True
        return self._refusal if self._is_refused(decision) else ADMIT

    def take(self, request: RequestHead, now: float) -> Ticket:
        """The request goes on, and does not come back."""
        self._waiting.pop(request.decision, None)
        self._served.pop(request.decision, None)
        return 0

    def leave(self, request: RequestHead, place: Place) -> None:
        """It is gone, or another rule lets it wait now and it will ask again."""
        waited = self._waiting.pop(request.decision, None)
        if waited is not None and waited.is_over:
            self._served[request.decision] = None
            if len(self._served) > _REMEMBERED_AT_MOST:
                del self._served[next(iter(self._served))]

    def adopt(self, predecessor: Fault, now: float) -> None:
        """Requests that wait ask the rule that they began with."""

    def facts(self, request: RequestHead, now: float) -> Facts:
        """What is drawn for the request: how long it waits, and the status it is refused with."""
        refused = self._is_refused(request.decision)
        return {
            "delay_seconds": self._wait_of(request.decision),
            "abort_status": self._refusal.reply.status if refused else 0,
        }

    def _wait_of(self, decision: bytes) -> float:
        delay = self._delay
        if delay is None or draw(decision, self._lots[0]) >= delay.share:
            return 0.0
        return delay.of

    def _is_refused(self, decision: bytes) -> bool:
        abort = self._abort
        return abort is not None and draw(decision, self._lots[1]) < abort.share
