"""Attempts: one endpoint after another is asked until one answers or it is no use any more.

What may be asked again without a rule is decided here: a connection that could not be opened at
all, and a kept-alive one that had gone stale, while nothing of the request is lost.
"""

from __future__ import annotations

from abc import abstractmethod
from binascii import hexlify
from typing import TYPE_CHECKING, Final

from sidecar.model.http import IDEMPOTENT
from sidecar.model.outcome import NO_ENDPOINT, PER_TRY_TIMEOUT, Failure, Retry, Source
from sidecar.proxy.account import count_attempt, never_sent
from sidecar.proxy.asker import Asker
from sidecar.proxy.chain import Passage
from sidecar.proxy.clock import clock
from sidecar.proxy.deadline import deadline_line
from sidecar.wire.trace_context import RANDOM

if TYPE_CHECKING:
    import asyncio

    from sidecar.cluster.endpoint import Endpoint
    from sidecar.proxy.detour import Detour
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.recourse import Recourse
    from sidecar.proxy.upstream import Upstream
    from sidecar.ruleset.routes import Chain, Route
    from sidecar.telemetry.metrics import ClientMeters
    from sidecar.telemetry.record import Noticed, Try

#: A kept-alive connection that went stale is replaced this many times.
_STALE_AT_MOST: Final = 2

#: Body bytes kept so that a request can be sent again, or while it waits for a connection.
HELD_BYTES: Final = 64 * 1024

NEVER: Final = float("inf")


class Forwarder(Passage, Asker):
    """A request's way to an endpoint.

    No slots here nor in what builds on it: most attributes keep their class's default for a
    request's whole life, and a default costs nothing to set. What most requests do set are not
    more than thirty: beyond, CPython keeps the attributes of each object in a dictionary of its
    own, which costs a microsecond.
    """

    engine: Engine
    #: When the request's head was complete.
    started: float
    route: Route
    #: The rules that hold for the request; the same ones from its first question on.
    chain: Chain
    trace_id = b""
    #: Given by the client; empty where the trace's serves as one.
    request_id = b""
    parent_id = b""
    trace_flags = RANDOM
    trace_state = b""
    #: Whether it was said beforehand if a trace that begins here is sampled.
    is_decided = False
    #: The span of the present try, of which the upstream is told as its parent.
    try_id = b""
    #: The tries that have ended.
    tries: tuple[Try, ...] = ()
    #: What rules had to tell in its course.
    noticed: tuple[Noticed, ...] = ()
    #: Whether the client wants to know if the trace is kept; whether something of it is kept
    #: below; whether the client gave up what was being done there.
    tells = False
    below = False
    given_up = False
    #: What was received of the body, while it may have to be sent again.
    _held: list[bytes] | None = None
    _held_bytes = 0
    _head = b""
    #: The lines that tell the upstream of the peer.
    stamp = b""
    upstream: Upstream | None = None
    endpoint: Endpoint | None = None
    client_meters: ClientMeters | None = None
    attempts = 0
    #: When the request went to the upstream: with the last attempt, and, if a rule had the first
    #: one repeated or replaced, with that.
    asked = 0.0
    first_asked = 0.0
    #: When the present try began to wait for a connection; 0.0 when there was one.
    waited_from = 0.0
    _stale = 0
    _tried: tuple[Endpoint, ...] = ()
    _waiting = False
    #: Times at which the sweep ends the attempt, and the exchange, with 504.
    try_deadline = NEVER
    deadline = NEVER
    #: When the caller stops waiting, if it said so.
    given = NEVER
    #: The status sent downstream; 0 while nothing was.
    status = 0
    finished = False
    #: What the exchange waits for besides the upstream: a parked turn, the next try.
    _timer: asyncio.TimerHandle | None = None
    #: What was done about failures; None while there were none.
    recourse: Recourse | None = None
    #: The way that a fallback has taken instead; never without a recourse.
    detour: Detour | None = None

    @abstractmethod
    def _retry(self, failure: Failure) -> bool:
        """Whether a rule has the failed attempt made once more."""

    @abstractmethod
    def _fail(self, failure: Failure, detail: str) -> None:
        """There is no answer and will be none."""

    @abstractmethod
    def _hold_body(self) -> None:
        """There is nobody to send the body to yet."""

    def _forward(self, now: float) -> None:
        endpoint = self.route.cluster.pick(self._tried)
        if endpoint is None:
            self._fail(NO_ENDPOINT, "")
            return
        self.endpoint = endpoint
        request = self.request
        if not request.host:
            request.host = endpoint.authority
            request.lines.insert(0, b"Host: " + endpoint.authority)
        if self.tries:
            self.try_id = self._new_try()
        stamp = self.stamp
        if self.route.deadline is not None:
            stamp += deadline_line(self, self.route.deadline, now)
        self._head = self.route.write_head(request, stamp, self)
        if self.request_sent:
            self._arm(now)
        connector = self.engine.connector(endpoint)
        connection = connector.checkout(now)
        if connection is None:
            self._waiting = True
            self.waited_from = now
            self._hold_body()
            connector.request(self)
        else:
            self._send(connection, now)

    def granted(self, connection: Upstream) -> None:
        """The connection that this exchange waited for."""
        self._waiting = False
        self._send(connection, clock())
        if self.downstream.is_unread:
            # It stopped reading an earlier answer while this request waited.
            connection.pause_reading()

    def _send(self, connection: Upstream, now: float) -> None:
        self.attempts += 1
        self.upstream = connection
        self.asked = now
        connection.endpoint.in_flight += 1
        self.client_meters = connection.connector.meters
        held = self._held
        if held is None:
            connection.send(self, self._head)
        else:
            # First, so that an endpoint that takes it slowly can pause the client again.
            self.downstream.resume_reading()
            connection.send(self, b"".join([self._head, *held]))

    def _arm(self, now: float) -> None:
        timeouts = self.route.timeouts
        if self.deadline == NEVER:
            self.deadline = now + timeouts.request
            if self.given < self.deadline:  # noqa: PLR1730 - a third of what min() costs
                self.deadline = self.given
        until, deadline = now + timeouts.per_try, self.deadline
        self.try_deadline = until if until < deadline else deadline  # noqa: FURB136 - likewise

    def attempt_failed(self, failure: Failure, detail: str = "") -> None:
        """The attempt is over without a whole answer; called once per attempt."""
        self._waiting = False
        if self.upstream is not None:
            self._leave_upstream()
            count_attempt(self, 0, failure.reason, clock())
        else:
            never_sent(self, failure.reason, clock())
        if self.finished:
            return
        if self._may_try_again(failure):
            self._try_again(failure)
        elif not self.chain.retries or not self._retry(failure):
            self._fail(failure, detail)

    def _may_try_again(self, failure: Failure) -> bool:
        if self.status or failure.retry is Retry.NEVER or not self._replayable():
            return False
        if failure.retry is Retry.ALWAYS:
            # Nothing was sent: another endpoint may be there.
            return len(self._tried) + 1 < len(self.route.cluster.endpoints)
        return self.request.method in IDEMPOTENT and self._stale < _STALE_AT_MOST

    def _replayable(self) -> bool:
        """Whether all that was received of the request is still here."""
        return self._held is not None or not self.request.has_body

    def _try_again(self, failure: Failure) -> None:
        endpoint = self.endpoint
        if endpoint is None:
            return
        connector = self.engine.connector(endpoint)
        connector.meters.retries_total(failure.reason)
        if failure.retry is Retry.ALWAYS:
            self._tried += (endpoint,)
            self._forward(clock())
        else:
            self._stale += 1
            self._waiting = True
            self.waited_from = clock()
            # The head is the same but for the span that it names, whose id stands nowhere else.
            before, self.try_id = self.try_id, self._new_try()
            self._head = self._head.replace(before, self.try_id)
            connector.request(self)

    def _new_try(self) -> bytes:
        self.waited_from = 0.0
        return hexlify(self.engine.getrandbits(64).to_bytes(8))

    @property
    def span_id(self) -> bytes:
        """The request's own span, which is its decision's id too."""
        return self.request.decision

    def expire(self, failure: Failure) -> None:
        """A deadline has passed; called by the sweep."""
        self._detach(failure)
        if self.finished:
            return
        again = failure is PER_TRY_TIMEOUT and self.chain.retries and self._retry(failure)
        if not again:
            self._fail(failure, "")

    @property
    def waits(self) -> bool:
        """Whether it is nobody's turn: a rule lets it wait, or its next try is still to come."""
        return self._timer is not None

    def _detach(self, failure: Failure) -> None:
        """Let go of the upstream, whatever it was doing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        upstream = self.upstream
        if upstream is not None:
            self._leave_upstream()
            count_attempt(self, 0, failure.reason, clock())
            upstream.abandon()
            self.given_up = failure.source is Source.DOWNSTREAM
        elif self._waiting and self.endpoint is not None:
            self._waiting = False
            never_sent(self, failure.reason, clock())
            self.engine.connector(self.endpoint).withdraw(self)

    def _take_notices(self) -> None:
        """What rules have just told was told because of this request."""
        notices = self.engine.notices
        self.noticed += tuple(notices)
        notices.clear()

    def _leave_upstream(self) -> None:
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.endpoint.in_flight -= 1
