"""A fallback's step tried beside a real answer: its result is counted, and thrown away.

It has connections and gates like any request, but no client: nothing of it can delay or change
what a client is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sidecar.model.outcome import (
    CLIENT_GONE,
    NOTHING_HEARD,
    PER_TRY_TIMEOUT,
    STALE_CONNECTION,
    Heard,
    classify,
)
from sidecar.model.policy import Mode
from sidecar.policies.fallback import Answer, Elsewhere
from sidecar.proxy.account import count_attempt
from sidecar.proxy.asker import Asker
from sidecar.proxy.chain import Passage, abandon, admit, settle
from sidecar.proxy.clock import clock
from sidecar.wire.forwarding import request_head_with

if TYPE_CHECKING:
    import asyncio

    from sidecar.cluster.endpoint import Endpoint
    from sidecar.model.http import ResponseHead
    from sidecar.model.outcome import Failure
    from sidecar.policies.fallback import Fallback
    from sidecar.proxy.connector import Connector
    from sidecar.proxy.degrading import Degrading
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.upstream import Upstream
    from sidecar.ruleset.routes import Clause, Route
    from sidecar.telemetry.metrics import ClientMeters
    from sidecar.telemetry.record import Try

#: More of a body than this is believed to be complete.
_BODY_BYTES: Final = 1 << 20


def try_beside(exchange: Degrading, clauses: tuple[Clause[Any], ...]) -> None:
    """Try the fallbacks that are to be tried on this request, each of their steps."""
    request = exchange.request
    for clause in clauses:
        policy: Fallback = clause.policy
        if clause.rule.mode is not Mode.ENFORCE or not policy.is_tried_on(request):
            continue
        if clause.matches is not None and not clause.matches(request):
            continue
        for _, step in policy.steps:
            if isinstance(step, Answer):
                policy.tried(well=step.is_sound(request))
            elif step.upstream in exchange.rules.towards:
                Trial(exchange, policy, exchange.rules.towards[step.upstream]).start(step)


class _Nobody:
    """Stands where the client of a request stands: its body is not waited for."""

    is_unread = False

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    def resume_reading(self) -> None:
        """Nor to resume."""


_NOBODY: Final = _Nobody()


class Trial(Asker, Passage):
    """One request to another upstream, for its own sake."""

    client_meters: ClientMeters | None = None
    endpoint: Endpoint | None = None
    asked = 0.0
    waited_from = 0.0
    try_id = b""
    tries: tuple[Try, ...] = ()
    _connector: Connector | None = None
    _upstream: Upstream | None = None
    _timer: asyncio.TimerHandle | None = None
    _replaced = False
    _status = 0
    _received = 0

    def __init__(self, exchange: Degrading, policy: Fallback, route: Route) -> None:
        self.request = exchange.request
        self.rules = exchange.rules
        self.downstream = cast("Downstream", _NOBODY)
        self._engine = exchange.engine
        self._policy = policy
        self.route = route
        # Without a trace: its end may come after the request's, which would not know any more
        # whether something is kept below it. Who is asked begins a trace of its own.
        self._head = request_head_with(self.request, exchange.stamp, exchange)

    def start(self, step: Elsewhere) -> None:
        """Ask, if the upstream's own rules agree and it has an endpoint."""
        route, now = self.route, clock()
        chain = route.chain if route.chain_for is None else route.chain_for(self.request)
        refused = admit(chain, self.request, self, now) is not None
        self._engine.notices.clear()
        if refused:
            abandon(self, self.request)
            self._policy.tried(well=False)
            return
        self._policy.trying += 1
        self._began = now
        endpoint = route.cluster.pick()
        if endpoint is None:
            self._end(well=False)
            return
        seconds = step.seconds or route.timeouts.per_try
        self._timer = self._engine.loop.call_later(seconds, self._too_late)
        self.endpoint = endpoint
        self._connector = connector = self._engine.connector(endpoint)
        connection = connector.checkout(now)
        if connection is None:
            connector.request(self)
        else:
            self.granted(connection)

    def granted(self, connection: Upstream) -> None:
        """Send the request."""
        self._upstream = connection
        self.asked = clock()
        self.client_meters = connection.connector.meters
        connection.endpoint.in_flight += 1
        connection.send(self, self._head)

    def _leave(self, error: str) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.endpoint.in_flight -= 1
            count_attempt(self, 0 if error else self._status, error, clock())

    def _let_go(self) -> None:
        """Want nothing more of the connection, whatever it is doing."""
        upstream = self._upstream
        if upstream is not None:
            self._leave(PER_TRY_TIMEOUT.reason if not self._status else "")
            upstream.abandon()
        elif self._connector is not None:
            self._connector.withdraw(self)

    def _too_late(self) -> None:
        self._let_go()
        self._end(well=False, failure=PER_TRY_TIMEOUT)

    def _end(self, *, well: bool, failure: Failure | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._policy.trying -= 1
        self._policy.tried(well=well)
        now = clock()
        heard = NOTHING_HEARD
        if self._status:
            heard = Heard(self._status, self.heard - self.asked)
        local = not self.asked
        outcome = classify(self._status, now - self._began, failure, local=local, heard=heard)
        settle(self, self.request, outcome, now)
        # No request's record is for what happens beside them.
        self._engine.notices.clear()

    # --- what the connection tells

    def attempt_failed(self, failure: Failure, detail: str = "") -> None:  # noqa: ARG002 - the contract
        """There is no whole answer; one that had gone stale is replaced, as for any read."""
        self._leave(failure.reason)
        if failure is STALE_CONNECTION and self._connector is not None and not self._replaced:
            self._replaced = True
            self._connector.request(self)
            return
        self._end(well=False, failure=failure)

    def interim_response(self, head: ResponseHead) -> None:
        """Nobody waits for it."""

    def response_begin(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """The final head."""
        self._status = head.status
        self._received = len(body)
        if ended:
            self._leave("")
            self._end(well=head.status < 500)

    def response_body(self, payload: bytes) -> None:
        """More of the body; of a long one not all."""
        self._received += len(payload)
        if self._received > _BODY_BYTES:
            self._let_go()
            self._end(well=self._status < 500)

    def response_last(self, payload: bytes, trailers: list[bytes]) -> None:  # noqa: ARG002 - the contract
        """The end of the body."""
        self._leave("")
        self._end(well=self._status < 500)

    # --- what no trial asks for

    def tunnel_begin(self, head: ResponseHead, data: bytes) -> None:  # noqa: ARG002 - the contract
        """Only requests that ask for no upgrade are tried."""
        self._let_go()
        self._end(well=False, failure=CLIENT_GONE)

    def tunnel_down(self, data: bytes) -> None:
        """There is no tunnel."""

    def tunnel_ended(self, *, from_upstream: bool) -> None:
        """There is no tunnel."""

    def tunnel_closed(self) -> None:
        """There is no tunnel."""
