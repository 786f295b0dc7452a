"""One request with its response: the only mutable thing that passes between proxy modules.

``start`` asks the chain and sends the request; the upstream then calls ``response_*``, the
downstream ``request_*``; whatever happens, ``_finish`` runs exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import (
    CLIENT_GONE,
    NO_ENDPOINT,
    Failure,
    Retry,
    classify,
)
from sidecar.model.verdict import LocalReply, Park
from sidecar.proxy.account import count_attempt, identify, record
from sidecar.proxy.chain import NO_TICKETS, Passage, abandon, admit, settle
from sidecar.proxy.clock import clock
from sidecar.wire.chunked import encode_chunk, last_chunk
from sidecar.wire.forwarding import (
    BY_CHUNKS,
    BY_CLOSE,
    NO_BODY,
    interim_head,
    request_head,
    response_framing,
    response_head,
)
from sidecar.wire.local_reply import write_reply

if TYPE_CHECKING:
    import asyncio

    from sidecar.cluster.endpoint import Endpoint
    from sidecar.model.http import RequestHead, ResponseHead
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.upstream import Upstream
    from sidecar.ruleset.routes import Chain, Route
    from sidecar.telemetry.metrics import ClientMeters, ServerMeters
    from sidecar.wire.rejection import Rejected

#: Methods that may be sent again when it is unknown whether they had been (RFC 9110, 9.2.2).
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})

#: Body bytes kept so that a request can be sent again, or while it waits for a connection.
_HELD_BYTES: Final = 64 * 1024

#: A kept-alive connection that went stale is replaced this many times.
_STALE_AT_MOST: Final = 2

_NEVER: Final = float("inf")


class Exchange(Passage):
    """The life of one request.

    No slots: most attributes keep their class's default for a request's whole life, and a
    default costs nothing to set.
    """

    # --- the request
    trace_id = b""
    span_id = b""
    request_id = b""
    parent_id = b""
    sampled = False
    #: The whole request has been received and passed on.
    request_sent = True
    bytes_received = 0
    _held: list[bytes] | None = None
    _held_bytes = 0
    _head = b""
    # --- attempts
    upstream: Upstream | None = None
    endpoint: Endpoint | None = None
    client_meters: ClientMeters | None = None
    attempts = 0
    #: When the request went to the upstream, and when its answer's head had come.
    asked = 0.0
    heard = 0.0
    #: When the answer's head went on to the client, if its body did not end with it.
    told = 0.0
    _stale = 0
    _tried: tuple[Endpoint, ...] = ()
    #: Times at which the sweep ends the attempt, and the exchange, with 504.
    try_deadline = _NEVER
    deadline = _NEVER
    _waiting = False
    _timer: asyncio.TimerHandle | None = None
    # --- the response
    status = 0
    reason = ""
    framing = NO_BODY
    bytes_sent = 0
    keep = False
    finished = False
    #: Bytes moved both ways when the sweep last looked, and since when they stand still.
    progress_bytes = -1
    progress_since = 0.0

    def __init__(
        self, engine: Engine, downstream: Downstream, request: RequestHead, now: float
    ) -> None:
        self.engine = engine
        self.downstream = downstream
        self.request = request
        self.started = now
        self.rules = rules = downstream.peer.rules
        self.route: Route = rules.find_route(request)
        self.meters: ServerMeters = downstream.server_meters(self.route.name)
        self.meters.in_flight += 1
        identify(self)

    def start(self, stamp: bytes) -> None:
        """Ask the rules, and send the request if they agree. ``stamp`` comes from the peer."""
        self.engine.exchanges.add(self)
        request = self.request
        if request.chunked or request.content_length > 0:
            self.request_sent = False
            self._held = []
        self._stamp = stamp
        self._ask(self.started)

    # --- the rules

    def _ask(self, now: float) -> None:
        reply = admit(self._chain(), self.request, self, now)
        if reply is None:
            self._forward(now)
        elif isinstance(reply, Park):
            self._park(reply, now)
        else:
            self._refuse(reply)

    def _chain(self) -> Chain:
        if self.request.path in self.downstream.probes:
            return self.rules.probe_chain
        chain_for = self.route.chain_for
        return self.route.chain if chain_for is None else chain_for(self.request)

    def _park(self, park: Park, now: float) -> None:
        park.place.wake = self._wake
        self._timer = self.engine.loop.call_later(max(park.until - now, 0.0), self._wake)
        self._hold_body()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.finished:
            self._ask(clock())

    def _refuse(self, reply: LocalReply) -> None:
        self.answer(
            reply.status,
            reply.reason,
            reply.detail,
            retry_after=reply.retry_after,
            headers=reply.headers,
        )

    # --- attempts

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
        trace = (self.trace_id, self.span_id, int(self.sampled))
        self._head = request_head(request, self._stamp, self.request_id, trace)
        if self.request_sent:
            self._arm(now)
        connector = self.engine.connector(endpoint)
        connection = connector.checkout(now)
        if connection is None:
            self._waiting = True
            self._hold_body()
            connector.request(self)
        else:
            self._send(connection, now)

    def granted(self, connection: Upstream) -> None:
        """The connection that this exchange waited for."""
        self._waiting = False
        self._send(connection, clock())

    def _send(self, connection: Upstream, now: float) -> None:
        self.attempts += 1
        self.upstream = connection
        self.asked = now
        connection.endpoint.in_flight += 1
        self.client_meters = connection.connector.meters
        held = self._held
        if held:
            connection.send(self, b"".join([self._head, *held]))
        else:
            connection.send(self, self._head)
        if held is not None:
            self.downstream.resume_reading()

    def _arm(self, now: float) -> None:
        timeouts = self.route.timeouts
        if self.deadline == _NEVER:
            self.deadline = now + timeouts.request
        self.try_deadline = now + timeouts.per_try

    def attempt_failed(self, failure: Failure, detail: str = "") -> None:
        """The attempt is over without a whole answer; called once per attempt."""
        self._waiting = False
        if self.upstream is not None:
            self._leave_upstream()
            count_attempt(self, 0, failure.reason, clock())
        if self.finished:
            return
        if self._may_try_again(failure):
            self._try_again(failure)
        else:
            self._fail(failure, detail)

    def _may_try_again(self, failure: Failure) -> bool:
        if self.status or failure.retry is Retry.NEVER or not self._replayable():
            return False
        if failure.retry is Retry.ALWAYS:
            # Nothing was sent: another endpoint may be there.
            return len(self._tried) + 1 < len(self.route.cluster.endpoints)
        return self.request.method in _IDEMPOTENT and self._stale < _STALE_AT_MOST

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
            connector.request(self)

    def expire(self, failure: Failure) -> None:
        """A deadline has passed; called by the sweep."""
        self._detach()
        if not self.finished:
            self._fail(failure, "")

    def _fail(self, failure: Failure, detail: str) -> None:
        if self.status:
            # Bytes of the answer are out: all that is left is to break it visibly.
            self.reason = failure.reason
            self.downstream.break_off(self.framing)
            self._finish(failure)
        else:
            self.answer(failure.status, failure.reason, detail, failure=failure)

    # --- the request's body, called by the downstream

    def request_body(self, payload: bytes) -> None:
        """Payload bytes of the request, in order."""
        self.bytes_received += len(payload)
        self._pass_on(encode_chunk(payload) if self.request.chunked else payload)

    def request_end(self, trailers: list[bytes]) -> None:
        """The request is complete."""
        if self.request.chunked:
            self._pass_on(last_chunk(trailers))
        self.request_sent = True
        if not self.finished and not self.status:
            self._arm(clock())

    def _pass_on(self, data: bytes) -> None:
        upstream = self.upstream
        held = self._held
        if upstream is not None:
            upstream.write(data)
        if held is None or self.finished:
            return
        held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_BYTES:
            if upstream is not None:
                self._held = None
            else:
                self._hold_body()

    def _hold_body(self) -> None:
        """Read no more of the body than may be held while there is nobody to send it to."""
        if not self.request_sent and self._held_bytes > _HELD_BYTES:
            self.downstream.pause_reading()

    # --- the response, called by the upstream

    def interim_response(self, head: ResponseHead) -> None:
        """A 1xx to pass on; clients of HTTP/1.0 do not know them (RFC 9110, 15.2)."""
        if self.request.minor:
            self.downstream.write(interim_head(head))

    def response_begin(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """The final head, and the beginning or all of the body that came with it."""
        self.status = head.status
        self.framing = framing = response_framing(self.request, head)
        self.deadline = self.try_deadline = _NEVER
        self._held = None
        downstream = self.downstream
        self.keep = downstream.keeps_alive() and framing != BY_CLOSE
        data = response_head(head, framing, self._own_lines(has_date=head.has_date))
        if body:
            self.bytes_sent = len(body)
            data += encode_chunk(body) if framing == BY_CHUNKS else body
        if ended:
            # Let go first: a client that reads slowly must not pause a connection in the pool.
            self._leave_upstream()
            downstream.write(data)
            self._complete()
        else:
            downstream.write(data)
            self.told = clock()

    def _own_lines(self, *, has_date: bool) -> list[bytes]:
        lines = []
        if not has_date:
            lines.append(b"Date: " + self.engine.date)
        if self.rules.trust.disclose != "none":
            lines.append(b"x-sidecar-decision: " + self.span_id)
        if not self.keep:
            lines.append(b"Connection: close")
        elif not self.request.minor:
            lines.append(b"Connection: keep-alive")
        return lines

    def response_body(self, payload: bytes) -> None:
        """More of the body."""
        self.bytes_sent += len(payload)
        self.downstream.write(encode_chunk(payload) if self.framing == BY_CHUNKS else payload)

    def response_last(self, payload: bytes, trailers: list[bytes]) -> None:
        """The end of the body, and what came with it."""
        self._leave_upstream()
        self.bytes_sent += len(payload)
        if self.framing == BY_CHUNKS:
            payload = (encode_chunk(payload) if payload else b"") + last_chunk(trailers)
        if payload:
            self.downstream.write(payload)
        self._complete()

    def _complete(self) -> None:
        now = clock()
        count_attempt(self, self.status, "", now)
        self._finish(None, now)

    # --- a tunnel, after 101

    def tunnel_begin(self, head: ResponseHead, data: bytes) -> None:
        """The upstream switched protocols: from here bytes are passed both ways unread."""
        self.status = 101
        self.told = self.heard
        self.framing = BY_CLOSE
        self.deadline = self.try_deadline = _NEVER
        self._held = None
        lines = [b"Connection: upgrade", b"Upgrade: " + head.asks_upgrade]
        self.downstream.write(response_head(head, NO_BODY, lines + self._tunnel_lines()))
        self.bytes_sent = len(data)
        if data:
            self.downstream.write(data)
        self.downstream.enter_tunnel()

    def _tunnel_lines(self) -> list[bytes]:
        if self.rules.trust.disclose == "none":
            return []
        return [b"x-sidecar-decision: " + self.span_id]

    def tunnel_up(self, data: bytes) -> None:
        """Bytes from the client."""
        self.bytes_received += len(data)
        if self.upstream is not None:
            self.upstream.write(data)

    def tunnel_down(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self.bytes_sent += len(data)
        self.downstream.write(data)

    def tunnel_ended(self, *, from_upstream: bool) -> None:
        """One side sends nothing more; the other may go on."""
        if from_upstream:
            self.downstream.end_writing()
        elif self.upstream is not None:
            self.upstream.end_writing()

    def tunnel_closed(self) -> None:
        """The upstream's connection is gone."""
        self._leave_upstream()
        count_attempt(self, 101, "", clock())
        self.downstream.close_after_flush()
        self._finish(None)

    # --- answers of our own, and the end

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
        self._detach()
        self.request.keep_alive = False
        if self.finished:
            return
        if self.status:
            self.reason = rejected.reason
            self.downstream.break_off(self.framing)
            self._finish(None)
        else:
            self.answer(rejected.status, rejected.reason, rejected.detail)

    def client_gone(self) -> None:
        """The client closed, or broke its own request off: the upstream need not go on."""
        self._detach()
        if not self.finished:
            self.reason = self.reason or CLIENT_GONE.reason
            self._finish(CLIENT_GONE)

    def _detach(self) -> None:
        """Let go of the upstream, whatever it was doing."""
        upstream = self.upstream
        if upstream is not None:
            self._leave_upstream()
            upstream.abandon()
        elif self._waiting and self.endpoint is not None:
            self._waiting = False
            self.engine.connector(self.endpoint).withdraw(self)

    def _leave_upstream(self) -> None:
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.endpoint.in_flight -= 1

    def _finish(self, failure: Failure | None, now: float = 0.0) -> None:
        if self.finished:
            return
        self.finished = True
        now = now or clock()
        if self._timer is not None:
            self._timer.cancel()
        if self.parked is not None:
            abandon(self, self.request)
        if self.tickets is not NO_TICKETS:
            outcome = classify(self.status, now - self.started, failure, local=self.attempts == 0)
            settle(self, self.request, outcome, now)
        self.engine.exchanges.discard(self)
        record(self, now)
        self.downstream.exchange_done(self)
        # The protocols' references go, so that no cycle waits for the garbage collector.
        self._held = None
