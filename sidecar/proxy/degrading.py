"""Fallbacks: what the client is given instead, while no byte of an answer has gone to it.

They are asked at two points: when the rules refuse, and when nothing more comes of the upstream.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sidecar.model.outcome import (
    NOTHING_HEARD,
    POOL_OVERFLOW,
    UPSTREAM_ERROR,
    Failure,
    Heard,
    Source,
    classify,
)
from sidecar.model.policy import Mode
from sidecar.policies.fallback import Answer, Elsewhere
from sidecar.policies.fallback.gate import SWITCHED_OFF
from sidecar.proxy.chain import NO_TICKETS, abandon, admit, settle
from sidecar.proxy.clock import clock
from sidecar.proxy.detour import NOT_ASKED, Before, Detour
from sidecar.proxy.forwarder import HELD_BYTES, NEVER
from sidecar.proxy.recourse import Recourse
from sidecar.proxy.trial import try_beside
from sidecar.proxy.tunnel import Tunnel
from sidecar.ruleset.routes import Chain, Route
from sidecar.telemetry.evidence import Finding, Said
from sidecar.wire.answer import write_answer
from sidecar.wire.forwarding import response_framing, response_head

if TYPE_CHECKING:
    from sidecar.model.http import ResponseHead
    from sidecar.model.verdict import LocalReply
    from sidecar.ruleset.routes import Clause

#: A fallback is a last resort: it is not tried again, and has no fallback of its own.
_NO_MORE: Final = Chain()
#: Refusals that stand for an upstream's answer, with its status.
_ORDERED: Final = "fault_injected"


def _nothing() -> None:
    """What is left to do once all is done."""


class Degrading(Tunnel):
    """An exchange that may be answered by a fallback."""

    #: ``kind/name`` of the fallback that has answered.
    fallback = ""
    #: The same with its step, for whoever wants to know more.
    applied: Finding | None = None

    @abstractmethod
    def _fail_plainly(self, failure: Failure, detail: str) -> None:
        """Tell the client of the failure."""

    @abstractmethod
    def _refuse_plainly(self, reply: LocalReply) -> None:
        """Tell the client of the refusal."""

    # --- when a fallback is asked

    def _refuse(self, reply: LocalReply) -> None:
        if self.chain.fallbacks:
            ordered = reply.status if reply.reason == _ORDERED else 0
            clause = self._fallback_for(reply.reason, ordered)
            if clause is not None:
                plainly = partial(self._refuse_plainly, reply)
                self._degrade(Detour(clause, reply.reason, self.route, plainly, NOT_ASKED))
                return
        self._refuse_plainly(reply)

    def _fail(self, failure: Failure, detail: str) -> None:
        detour = self.detour
        if self.status or (detour is None and not self.chain.fallbacks):
            self._fail_plainly(failure, detail)
        elif detour is not None:
            if failure.source is Source.UPSTREAM or failure is POOL_OVERFLOW:
                self._step_failed(detour, failure, NOTHING_HEARD)
            else:
                self._fail_plainly(failure, detail)
        elif (clause := self._fallback_for(failure.reason, 0)) is not None:
            before = Before(failure, was_asked=True)
            plainly = partial(self._fail_plainly, failure, detail)
            self._degrade(Detour(clause, failure.reason, self.route, plainly, before))
        else:
            self._fail_plainly(failure, detail)

    def _reconsidered(self, head: ResponseHead, body: bytes, *, ended: bool) -> bool:
        """Whether an answer of 4xx or 5xx is not passed on, because something better may come."""
        if super()._reconsidered(head, body, ended=ended):
            return True
        detour = self.detour
        if head.status < 500 or (detour is None and not self.chain.fallbacks):
            return False
        heard = Heard(head.status, self.heard - self.asked, head.fields)
        if detour is not None:
            self._throw_away(head.status, ended=ended)
            self._step_failed(detour, None, heard)
            return True
        clause = self._fallback_for("", head.status)
        if clause is None:
            return False
        self._throw_away(head.status, ended=ended)
        plainly = partial(self._give_back, head, body) if ended else self._lost_answer
        before = Before(None, heard, was_asked=True)
        self._degrade(Detour(clause, UPSTREAM_ERROR.reason, self.route, plainly, before))
        return True

    def _forward_or_degrade(self, now: float) -> None:
        """Ask the upstream, unless a switch is on; try beside it what would stand in for it."""
        fallbacks = self.chain.fallbacks
        if self._is_switched():
            return
        self._forward(now)
        try_beside(self, fallbacks)

    def _comes_late(self, head: ResponseHead) -> None:
        if self.recourse is not None:
            self.recourse.count_out()
        if self.detour is not None and self.detour.clause is not None:
            head.lines.append(b"x-degraded: " + self.detour.name)

    def _is_switched(self) -> bool:
        """Whether a switch has a fallback answer what the rules have let through."""
        chosen = None
        for clause in self.chain.fallbacks:
            if clause.policy.is_switched_on and self._fits(clause):
                if clause.rule.mode is Mode.SHADOW:
                    clause.tally.applied += 1
                else:
                    chosen = chosen or clause
        if chosen is None:
            return False
        go_on = partial(self._forward_after_all, self.chain, chosen)
        self._degrade(Detour(chosen, SWITCHED_OFF, self.route, go_on, NOT_ASKED))
        return True

    def _fallback_for(self, reason: str, status: int) -> Clause[Any] | None:
        """The first fallback in force that answers for this; those in shadow are counted."""
        chosen = None
        for clause in self.chain.fallbacks:
            if not clause.policy.answers_for(reason, status) or not self._fits(clause):
                continue
            if clause.rule.mode is Mode.SHADOW:
                clause.tally.applied += 1
            elif chosen is None:
                chosen = clause
        return chosen

    def _fits(self, clause: Clause[Any]) -> bool:
        return clause.matches is None or clause.matches(self.request)

    # --- its steps

    def _degrade(self, detour: Detour) -> None:
        if self.recourse is not None:
            self.recourse.count_out()
        if detour.clause is not None:
            detour.clause.tally.applied += 1
        self.first_asked = self.first_asked or self.waited_from or self.asked
        if self.recourse is None:
            self.recourse = Recourse()
        self.detour = detour
        self._next_step(detour)

    def _next_step(self, detour: Detour) -> None:
        clause = detour.clause
        steps = clause.policy.steps if clause is not None else ()
        while detour.next_step < len(steps):
            detour.label, step = steps[detour.next_step]
            detour.next_step += 1
            if isinstance(step, Answer):
                self._give(step, detour)
                return
            if self._redirect(step, detour):
                return
        if clause is not None:
            clause.policy.answered("none")
        detour.clause = None
        self.route = detour.route
        detour.otherwise()

    def _give(self, answer: Answer, detour: Detour) -> None:
        request = self.request
        body = answer.body(request, detour.why)
        self.status = answer.status
        self.keep = self.downstream.keeps_alive() and self.downstream.can_skip_body()
        lines = self._own_lines(has_date=False)
        head_only = request.method == "HEAD"
        data = write_answer(answer.status, answer.headers, body, lines, head_only=head_only)
        self.bytes_sent = len(data) - data.find(b"\r\n\r\n") - 4
        self.downstream.write(data)
        self._finish(None)

    def _redirect(self, step: Elsewhere, detour: Detour) -> bool:
        """Ask another upstream; False where that cannot be done or its own rules are against it."""
        toward = self.rules.towards.get(step.upstream)
        whole = self._replayable() and (not self.attempts or self._held_bytes <= HELD_BYTES)
        if toward is None or not whole:
            return False
        now = clock()
        chain = toward.chain if toward.chain_for is None else toward.chain_for(self.request)
        refused = admit(chain, self.request, detour, now) is not None
        self._take_notices()
        if refused:
            # Whoever falls back has no time to wait.
            abandon(detour, self.request)
            return False
        seconds = step.seconds or toward.timeouts.per_try
        timeouts = replace(toward.timeouts, request=seconds, per_try=seconds)
        self.route = Route(detour.route.name, toward.cluster, timeouts)
        self.route.deadline = toward.deadline
        self.route.objectives = detour.route.objectives
        self.route.write_head, self.route.asks = toward.write_head, toward.asks
        self.chain = _NO_MORE
        self.deadline = self.try_deadline = NEVER
        self._tried, self._stale = (), 0
        detour.attempts = self.attempts
        self._forward(now)
        return True

    def _step_failed(self, detour: Detour, failure: Failure | None, heard: Heard) -> None:
        self._settle_detour(detour, failure, heard)
        self._next_step(detour)

    def _settle_detour(self, detour: Detour, failure: Failure | None, heard: Heard) -> None:
        """Tell the gates of the step's upstream how that ended."""
        if detour.tickets is NO_TICKETS:
            return
        now = clock()
        local = self.attempts == detour.attempts
        seconds = now - self.started
        outcome = classify(self.status, seconds, failure, local=local, heard=heard)
        settle(detour, self.request, outcome, now)
        self._take_notices()

    # --- without an answer after all

    def _give_back(self, head: ResponseHead, body: bytes) -> None:
        """The upstream's own answer, which is whole and was held back."""
        self.status = head.status
        framing = self.framing = response_framing(self.request, head)
        self.keep = self.downstream.keeps_alive() and (
            self.request_sent or self.downstream.can_skip_body()
        )
        data = response_head(head, framing, self._own_lines(has_date=head.has_date))
        self.bytes_sent = len(body)
        self.downstream.write(data + body)
        self._finish(None)

    def _lost_answer(self) -> None:
        """The upstream's own answer was thrown away when more of it was to come."""
        self._fail_plainly(UPSTREAM_ERROR, "The upstream failed.")

    def _forward_after_all(self, chain: Chain, clause: Clause[Any]) -> None:
        """The switch is on, and nothing stands in: the upstream may as well be asked."""
        others = tuple(one for one in chain.fallbacks if one is not clause)
        self.chain = replace(chain, fallbacks=others)
        self.detour = None
        self.deadline = self.try_deadline = NEVER
        self._tried, self._stale = (), 0
        self._forward(clock())

    def _end_detour(self, failure: Failure | None) -> None:
        """The exchange has ended."""
        detour = self.detour
        if detour is None:
            return
        answered = self.answered
        heard = NOTHING_HEARD
        if answered is not None:
            heard = Heard(answered.status, self.heard - self.asked, answered.fields)
        self._settle_detour(detour, failure, heard)
        if detour.clause is not None and self.status:
            detour.clause.policy.answered(detour.label)
            self.fallback = detour.clause.label
            self.applied = Finding(detour.clause.rule, Said.APPLIED, {"step": detour.label})
        # So that no cycle waits for the garbage collector.
        detour.otherwise = _nothing
