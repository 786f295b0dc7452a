"""One request with its response: the only mutable thing that passes between proxy modules.

``start`` asks the rules and sends the request; the upstream then calls ``response_*``, the
downstream ``request_*``; whatever happens, ``_finish`` runs exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import (
    CLIENT_GONE,
    CLIENT_STALLED,
    CONNECT_FAILURE,
    DEADLINE_EXCEEDED,
    NOTHING_HEARD,
    TLS_FAILURE,
    TURN_TIMEOUT,
    Failure,
    Heard,
    Source,
    classify,
)
from sidecar.model.verdict import LocalReply, Park
from sidecar.proxy.account import record
from sidecar.proxy.chain import NO_TICKETS, abandon, admit, settle
from sidecar.proxy.clock import clock
from sidecar.proxy.deadline import take_deadline
from sidecar.proxy.degrading import Degrading
from sidecar.proxy.keeping import KEPT_FIELD, is_kept
from sidecar.proxy.tracing import identify
from sidecar.proxy.witness import testify
from sidecar.wire.local_reply import write_reply

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead
    from sidecar.model.outcome import Outcome
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.engine import Engine
    from sidecar.ruleset.routes import Chain
    from sidecar.telemetry.evidence import Evidence
    from sidecar.telemetry.metrics import ServerMeters
    from sidecar.wire.rejection import Rejected

#: Failures whose detail is what the system said of a connection.
_TOLD_BY_SYSTEM: Final = (CONNECT_FAILURE, TLS_FAILURE)


class Exchange(Degrading):
    """The life of one request."""

    #: A word of the catalogue when the answer is not the upstream's, whole.
    reason = ""
    #: What the rules knew, where one of them had more to say than yes.
    evidence: Evidence | None = None
    #: The answer had begun and was not finished; whether that was the client's doing.
    broken_off = broken_by_client = False
    #: How long it has waited for its turn in all, and since when it does, or did last.
    parked_seconds = parked_since = 0.0

    def __init__(
        self, engine: Engine, downstream: Downstream, request: RequestHead, now: float
    ) -> None:
        self.engine = engine
        self.downstream = downstream
        self.request = request
        self.started = now
        peer = downstream.peer
        self.rules = peer.rules
        self.route = route = peer.find_route(request)
        if route.find_priority is not None:
            request.priority = route.find_priority(request)
        self.meters: ServerMeters = downstream.server_meters(route.name)
        self.meters.in_flight += 1
        identify(self)

    def start(self, stamp: bytes) -> None:
        """Ask the rules, and send the request if they agree. ``stamp`` comes from the peer."""
        self.engine.exchanges.add(self)
        request = self.request
        if request.chunked or request.content_length > 0:
            self.request_sent = False
            self._held = []
        self.stamp = stamp
        self.chain = self._find_chain()
        if self.route.deadline is not None:
            take_deadline(self, self.route.deadline)
            if self.given <= self.started:
                self._too_late()
                return
        self._ask(self.started)

    # --- the rules

    def _ask(self, now: float) -> None:
        reply = admit(self.chain, self.request, self, now)
        if self.engine.notices:
            self._take_notices()
        if reply is None:
            if self.would_refuse or self.waited_for is not None:
                self.evidence = testify(self, None, now)
            # What rules take to decide is our own time and not the upstream's.
            now = clock()
            if self.chain.fallbacks:
                self._forward_or_degrade(now)
            else:
                self._forward(now)
        elif isinstance(reply, Park):
            self._park(reply, now)
        else:
            self.evidence = testify(self, reply, now)
            self._refuse(reply)

    def _find_chain(self) -> Chain:
        if self.request.path in self.downstream.probes:
            return self.rules.probe_chain
        chain_for = self.route.chain_for
        return self.route.chain if chain_for is None else chain_for(self.request)

    def _park(self, park: Park, now: float) -> None:
        park.place.wake = self._wake_soon
        until = min(park.until, self.given, self._last_turn())
        self._timer = self.engine.loop.call_later(max(until - now, 0.0), self._wake)
        self.parked_since = now
        self._hold_body()

    def _unpark(self, now: float) -> None:
        self.parked_seconds += now - self.parked_since
        self.parked_since = now

    def _last_turn(self) -> float:
        # Rules that send a request back and forth between them would never be done with it.
        return self.started + self.route.timeouts.request

    def _wake_soon(self) -> None:
        # Whoever wakes is about to end, and may be one of thousands that wake each other.
        self.engine.loop.call_soon(self._wake)

    def _wake(self) -> None:
        if self.parked is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = clock()
        self._unpark(now)
        if now >= self.given:
            self._too_late()
        elif now >= self._last_turn():
            self.evidence = testify(self, None, now)
            abandon(self, self.request)
            self._fail(TURN_TIMEOUT, "It was not its turn in time.")
        else:
            self._ask(now)

    def _too_late(self) -> None:
        failure = DEADLINE_EXCEEDED
        detail = "The caller waits no longer."
        self.answer(failure.status, failure.reason, detail, failure=failure)

    def _refuse_plainly(self, reply: LocalReply) -> None:
        self.answer(
            reply.status,
            reply.reason,
            reply.detail,
            retry_after=reply.retry_after,
            headers=reply.headers,
        )

    # --- answers of our own, and the end

    def _fail_plainly(self, failure: Failure, detail: str) -> None:
        if self.status:
            # Bytes of the answer are out: all that is left is to break it visibly.
            self.reason = failure.reason
            self.broken_off = True
            if failure is CLIENT_STALLED and self.downstream.is_unread:
                # Who has read nothing for so long will not read what is left either.
                self.downstream.reset()
            else:
                self.downstream.break_off(self.framing)
            self._finish(failure)
        else:
            if failure in _TOLD_BY_SYSTEM and self.rules.trust.disclose != "rule":
                # It may hold addresses of ours, which are no client's business.
                detail = ""
            self.answer(failure.status, failure.reason, detail, failure=failure)

    def answer(
        self,
        status: int,
        reason: str,
        detail: str,
        *,
        retry_after: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        failure: Failure | None = None,
    ) -> None:
        """Send a response of our own. Nothing of another may have been sent."""
        if status == CLIENT_GONE.status:
            self.reason = reason
            self._finish(failure)
            return
        self.status = status
        self.reason = reason
        request = self.request
        disclose = self.rules.trust.disclose
        rule = self.refused_by.label if self.refused_by and disclose == "rule" else None
        self.keep = self.downstream.keeps_alive() and self.downstream.can_skip_body()
        if self.tells and is_kept(self, failure):
            headers = (*headers, KEPT_FIELD)
        data = write_reply(
            status,
            reason,
            detail,
            decision_id=None if disclose == "none" else self.span_id,
            rule=rule,
            retry_after=retry_after,
            headers=headers,
            keep_alive=self.keep,
            head_only=request.method == "HEAD",
            date=self.engine.date,
            minor=request.minor,
        )
        self.bytes_sent = len(data) - data.find(b"\r\n\r\n") - 4
        self.downstream.write(data)
        self._finish(failure)

    def cut_short(self, rejected: Rejected) -> None:
        """The request's body cannot be read on."""
        self._detach(CLIENT_GONE)
        self.request.keep_alive = False
        if self.finished:
            return
        if self.status:
            self.reason = rejected.reason
            self.broken_by_client = True
            self.downstream.break_off(self.framing)
            self._finish(None)
        else:
            self.answer(rejected.status, rejected.reason, rejected.detail)

    def client_gone(self) -> None:
        """The client closed, or broke its own request off: the upstream need not go on."""
        self._detach(CLIENT_GONE)
        if not self.finished:
            self.reason = self.reason or CLIENT_GONE.reason
            self._finish(CLIENT_GONE)

    def _finish(self, failure: Failure | None, now: float = 0.0) -> None:
        if self.finished:
            return
        self.finished = True
        now = now or clock()
        if self._timer is not None:
            self._timer.cancel()
        if self.parked is not None:
            self._unpark(now)
            abandon(self, self.request)
        if self.recourse is not None:
            self._end_recourse(failure)
        if self.tickets is not NO_TICKETS:
            settle(self, self.request, self._outcome(failure, now), now)
            if self.engine.notices:
                self._take_notices()
        self.engine.exchanges.discard(self)
        record(self, failure, now)
        self.downstream.exchange_done(self)
        # The protocols' references go, so that no cycle waits for the garbage collector.
        if self._held is not None:
            self._held = None

    def _end_recourse(self, failure: Failure | None) -> None:
        recourse, self.recourse = self.recourse, None
        if recourse is None:
            return
        recourse.count_out()
        by = recourse.retried_by
        if by is not None and (failure is None or failure.source is not Source.DOWNSTREAM):
            fine = failure is None and self.detour is None
            by.policy.ended(well=fine and not by.policy.is_failure(self.status))
        self._end_detour(failure)

    def _outcome(self, failure: Failure | None, now: float) -> Outcome:
        if self.detour is not None:
            return self.detour.outcome(self.status, now - self.started)
        answered = self.answered
        heard = NOTHING_HEARD
        if answered is not None:
            heard = Heard(answered.status, self.heard - self.asked, answered.fields)
        local = self.attempts == 0
        return classify(self.status, now - self.started, failure, local=local, heard=heard)
