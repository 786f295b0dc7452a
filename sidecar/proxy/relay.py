"""Bodies on their way: the request's to the upstream, the answer's to the client, both streamed.

What flows is framed anew for whoever gets it; who is slow slows the other side down
(``pause_reading`` and ``resume_reading`` of the two protocols).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from sidecar.proxy.account import count_attempt
from sidecar.proxy.clock import clock
from sidecar.proxy.forwarder import HELD_BYTES, NEVER
from sidecar.proxy.keeping import KEPT_LINE, is_kept, mark
from sidecar.proxy.retrying import Retrying
from sidecar.wire.chunked import encode_chunk, last_chunk
from sidecar.wire.forwarding import (
    BY_CHUNKS,
    BY_CLOSE,
    NO_BODY,
    interim_head,
    response_framing,
    response_head,
)

if TYPE_CHECKING:
    from sidecar.model.http import ResponseHead
    from sidecar.model.outcome import Failure


class Relay(Retrying):
    """The two bodies of an exchange."""

    bytes_received = 0
    bytes_sent = 0
    #: The head of the answer that was passed on.
    answered: ResponseHead | None = None
    #: The client was told to send its body.
    _continued = False
    framing = NO_BODY
    #: Whether the client's connection goes on after the answer.
    keep = False
    #: When the answer's head went on to the client, if its body did not end with it.
    told = 0.0
    #: Bytes moved both ways when the sweep last looked, and since when they stand still.
    progress_bytes: int | None = None
    progress_since = 0.0

    @abstractmethod
    def _comes_late(self, head: ResponseHead) -> None:
        """An answer is passed on after something had gone wrong."""

    @abstractmethod
    def _finish(self, failure: Failure | None, now: float = 0.0) -> None:
        """The exchange is over."""

    # --- the request's body, called by the downstream

    @property
    def awaits_client(self) -> bool:
        """Whether it is the client's turn: to send what it has announced and may send."""
        may_send = self._continued or not self.request.expects_continue or self.bytes_received
        return bool(may_send and not self.request_sent and not self.downstream.is_held_back)

    def request_body(self, payload: bytes) -> None:
        """Payload bytes of the request, in order."""
        self.bytes_received += len(payload)
        self._pass_on(encode_chunk(payload) if self.request.chunked else payload)

    def request_end(self, trailers: list[bytes]) -> None:
        """The request is complete."""
        if self.request.chunked:
            self._pass_on(last_chunk(trailers))
        self.request_sent = True
        if self._head and not self.finished and not self.status:
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
        if self._held_bytes > HELD_BYTES:
            if upstream is not None:
                self._held = None
            else:
                self._hold_body()

    def _hold_body(self) -> None:
        """Read no more of the body than may be held while there is nobody to send it to."""
        if not self.request_sent and self._held_bytes > HELD_BYTES:
            self.downstream.pause_reading()

    # --- the answer, called by the upstream

    def interim_response(self, head: ResponseHead) -> None:
        """A 1xx to pass on; clients of HTTP/1.0 do not know them (RFC 9110, 15.2)."""
        if head.status == 100:
            self._continued = True
        if self.request.minor:
            self.downstream.write(interim_head(head))

    def response_begin(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """The final head, and the beginning or all of the body that came with it."""
        if head.kept and self.route.asks:
            self.below = True
        if head.status >= 400 and self._reconsidered(head, body, ended=ended):
            return
        if self.recourse is not None:
            self._comes_late(head)
        self.status = head.status
        self.answered = head
        self.framing = framing = response_framing(self.request, head)
        self.deadline = self.try_deadline = NEVER
        if self._held is not None:
            self._held = None
        downstream = self.downstream
        self.keep = (
            downstream.keeps_alive()
            and framing != BY_CLOSE
            and (self.request_sent or downstream.can_skip_body())
        )
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
            self.told = now = clock()
            if downstream.peer.is_service and is_kept(self):
                # The service may answer its own client before it has read all of this.
                mark(self, now)

    def _own_lines(self, *, has_date: bool) -> list[bytes]:
        lines = []
        if not has_date:
            lines.append(b"Date: " + self.engine.date)
        if self.rules.trust.disclose != "none":
            lines.append(b"x-sidecar-decision: " + self.span_id)
        if self.tells and is_kept(self):
            lines.append(KEPT_LINE)
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
