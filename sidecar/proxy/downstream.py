"""One client connection: reads requests one after another and writes their answers in order.

It knows HTTP's framing and keep-alive and nothing of rules or upstreams; those are the
exchange's. Deadlines are looked at by the sweep, so that no request needs a timer.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

from sidecar.proxy.client_connection import (
    BODY,
    CLOSED,
    HEAD,
    LINGERING,
    SKIPPING,
    TUNNEL,
    WAITING,
)
from sidecar.proxy.clock import clock
from sidecar.proxy.exchange import Exchange
from sidecar.proxy.intake import Intake
from sidecar.proxy.peer import UNIX, peer_address
from sidecar.proxy.tls import certified_names
from sidecar.wire.head import check_incomplete, parse_request
from sidecar.wire.local_reply import write_reply
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.proxy.listener import Listener
    from sidecar.proxy.peer import Peer
    from sidecar.telemetry.metrics import ServerMeters

#: Bytes of later, pipelined requests kept while one is answered.
_PIPELINED_BYTES: Final = 64 * 1024
#: Empty lines ahead of a request line that are overlooked (RFC 9112, 2.2).
_EMPTY_LINES: Final = 4
#: Requests of one client that are answered here before anybody else gets a turn.
_IN_A_ROW: Final = 32

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CR: Final = 0x0D
_LF: Final = 0x0A


class Downstream(Intake):
    """The protocol that faces a client."""

    __slots__ = (
        "_begun",
        "_certified",
        "_scheme",
        "_server_meters",
        "_serving",
        "address",
        "half_closed",
        "listener",
        "probes",
        "served",
    )

    def __init__(self, listener: Listener, address: bytes = b"") -> None:
        """``address`` is what accepting said; without it the transport is asked."""
        super().__init__(listener.engine)
        self.listener = listener
        self.address = address
        self.served = 0
        #: The number of the request whose head was begun and timed last.
        self._begun = -1
        #: The client has sent all it will ever send, and may still read.
        self.half_closed = False
        self._serving = False
        self._server_meters: dict[str, ServerMeters] = listener.server_meters

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; whether there is room for it the listener says."""
        self.transport = transport  # type: ignore[assignment]  # both loops give a Transport
        self.write = self.transport.write
        if not self.address and not self._find_address():
            # Reset before it was looked at: nobody to trust, to limit or to answer.
            self.state = CLOSED
            self.transport.abort()
            return
        tls = transport.get_extra_info("ssl_object")
        self._scheme = b"https" if tls is not None else b"http"
        self._certified = certified_names(tls) if tls is not None else ()
        self._meet()
        refused = self.listener.opened(self)
        if refused is not None:
            self._reject(refused)

    def _find_address(self) -> bool:
        """Who is there; a Unix socket's peers have no address, a reset one's is gone."""
        if self.listener.socket.family == socket.AF_UNIX:
            self.address = UNIX
        else:
            peername = self.transport.get_extra_info("peername")
            self.address = peer_address(peername) if peername else b""
        return bool(self.address)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        state = self.state
        if state == HEAD:
            if self._held:
                data = self._held + data
                self._held = b""
            self._serve(data)
        elif state == BODY or state == SKIPPING:
            self._take_body(data)
        elif state == WAITING:
            self._held += data
            if len(self._held) > _PIPELINED_BYTES:
                self.pause_reading()
        elif state == TUNNEL:
            if self.exchange is not None:
                self.exchange.tunnel_up(data)
        elif state == LINGERING:
            self._drop(data)

    def eof_received(self) -> bool:
        """The client sends nothing more. It may still be reading (a half-closed connection)."""
        if self.state == TUNNEL and self.exchange is not None:
            self.exchange.tunnel_ended(from_upstream=False)
            return self._scheme == b"http"
        if self.state == WAITING and self._scheme == b"http":
            self.half_closed = True
            return True
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone: what was done for this client need not go on."""
        self.state = CLOSED
        if self.address:
            self.listener.closed(self)
        if self.exchange is not None:
            self.exchange.client_gone()

    def pause_writing(self) -> None:
        """The client reads slower than the upstream answers."""
        self._write_blocked = True
        exchange = self.exchange
        if exchange is not None and exchange.upstream is not None:
            exchange.upstream.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._write_blocked = False
        exchange = self.exchange
        if exchange is not None and exchange.upstream is not None:
            exchange.upstream.resume_reading()
        self._go_on()

    # --- requests

    def _go_on(self) -> None:
        """Serve what was put off."""
        if self.state == HEAD and self._held and not self._serving:
            self.resume_reading()
            data, self._held = self._held, b""
            self._serve(data)

    def _serve(self, data: bytes) -> None:
        """Serve what ``data`` holds, one request after another, until one has to wait."""
        self._serving = True
        enough = self.served + _IN_A_ROW
        try:
            while data and self.state == HEAD:
                if self._write_blocked or self.served == enough:
                    self._put_off(data)
                    return
                end = data.find(b"\r\n\r\n")
                if end > 0 and (data[0] != _CR or data[1] != _LF):
                    data = self._serve_one(data, end)
                else:
                    data = self._incomplete(data)
        except Rejected as rejected:
            self._reject(rejected)
        finally:
            self._serving = False
        if self.half_closed and self.state == HEAD:
            self.close_after_flush()

    def _put_off(self, data: bytes) -> None:
        """Nobody reads the answers, or others have waited for long enough."""
        self._held = data
        self.pause_reading()
        if not self._write_blocked:
            self.engine.loop.call_soon(self._go_on)

    def _serve_one(self, data: bytes, end: int) -> bytes:
        """Begin the exchange whose head ends at ``end``; returns what can be served next."""
        now = clock()
        peer = self.peer
        if peer.rules is not self.engine.rules:
            peer = self._meet()
        request = parse_request(data, end, peer.names, peer.limits.head)
        stamp = peer.introduce(request)
        rest = data[end + 4 :]
        exchange = self.exchange = Exchange(self.engine, self, request, now)
        if request.chunked or request.content_length > 0:
            self._begin_body(request, now)
            exchange.start(stamp)
            if rest and self.state in (BODY, SKIPPING):
                self._take_body(rest)
        else:
            self.state = WAITING
            self._held = rest
            exchange.start(stamp)
        if self.state != HEAD:
            return b""
        rest, self._held = self._held, b""
        return rest

    def _incomplete(self, data: bytes) -> bytes:
        """No whole head yet: keep it, unless it can be refused already."""
        start = 0
        while data[start : start + 2] == b"\r\n":
            start += 2
        if start:
            if start > 2 * _EMPTY_LINES:
                raise Rejected(400, "bad_request", "empty lines instead of a request")
            return data[start:]
        check_incomplete(data, self.peer.limits.head)
        if self._begun != self.served:
            # Timed from its first byte: one that drips in is as late as one that stops.
            self._begun = self.served
            self.since = self.engine.now
        self._held = data
        return b""

    def _meet(self) -> Peer:
        """See the client as the rules in force see it."""
        rules = self.engine.rules
        listener = self.listener
        self.probes = listener.rules.probes
        self.peer = listener.meet(rules, self.address, self._scheme, self._certified)
        return self.peer

    # --- bodies

    def _next(self) -> None:
        """The request is over in every respect: serve the next one."""
        self.state = HEAD
        self.since = self.engine.now
        if self._paused:
            self.resume_reading()
        if self._serving:
            return
        if self._held:
            data, self._held = self._held, b""
            self._serve(data)
        elif self.half_closed:
            self.close_after_flush()

    # --- what the exchange asks for

    def keeps_alive(self) -> bool:
        """Whether the connection can go on after the present request, as far as is known."""
        exchange = self.exchange
        return (
            exchange is not None
            and exchange.request.keep_alive
            # What came after a request for an upgrade may be its protocol's and not HTTP.
            and not exchange.request.asks_upgrade
            and not self.listener.draining
            # What had come before the client's end is answered too.
            and (not self.half_closed or self._held != b"")
        )

    def can_skip_body(self) -> bool:
        """Whether what is left of the request's body is read rather than cut off."""
        exchange = self.exchange
        if exchange is None or self.state != BODY:
            return True
        if exchange.request.expects_continue:
            # It may come or not (RFC 9110, 10.1.1): the state would be unknown.
            return False
        return self._skippable()

    def exchange_done(self, exchange: Exchange) -> None:
        """The exchange has ended; its answer, if any, is written."""
        self.exchange = None
        self.served += 1
        state = self.state
        if state == WAITING and exchange.keep:
            self._next()
        elif state == BODY and exchange.keep and self._skippable():
            self.state = SKIPPING
            self.since = self.engine.now
            self._skipped = 0
            self.resume_reading()
        elif state == TUNNEL:
            self.close_after_flush()
        elif state in (WAITING, BODY):
            # It is we who end it: the client may be about to send the next request.
            surprised = exchange.request.keep_alive and not self.half_closed
            if state == BODY or self._held or surprised:
                self._linger()
            else:
                self.close_after_flush()

    def server_meters(self, route: str) -> ServerMeters:
        """The counters of this listener and a route."""
        meters = self._server_meters.get(route)
        if meters is None:
            meters = self.engine.meters.server(self.listener.name, route)
            self._server_meters[route] = meters
        return meters

    def enter_tunnel(self) -> None:
        """Pass on unread whatever comes, beginning with what has come already."""
        self.state = TUNNEL
        data, self._held = self._held, b""
        self.resume_reading()
        if data and self.exchange is not None:
            self.exchange.tunnel_up(data)

    @property
    def has_partial_head(self) -> bool:
        """Whether a head has begun and not ended."""
        return self.state == HEAD and bool(self._held)

    # --- endings

    def probe_half_closed(self) -> None:
        """Find out whether a client that sends nothing more still reads.

        An interim response may be sent at any time (RFC 9110, 15.2); a client that is gone
        answers it with a reset, and the next one fails.
        """
        exchange = self.exchange
        if exchange is not None and exchange.request.minor and not exchange.status:
            self.write(_CONTINUE)

    def time_out_head(self) -> None:
        """A head was begun and not finished in time."""
        self._reject(Rejected(408, "head_timeout", "the head of the request took too long"))

    def time_out_body(self) -> None:
        """A body comes too slowly."""
        self._reject(Rejected(408, "body_too_slow", "the body of the request comes too slowly"))

    def _reject(self, rejected: Rejected) -> None:
        """Answer what cannot be read, or not here; the connection's state is unknown after it."""
        self._held = b""
        self._decoder = None
        if self.exchange is not None:
            self.listener.meters.rejected(rejected.reason)
            self.exchange.cut_short(rejected)
            return
        self.listener.rejected(self, rejected)
        self.write(
            write_reply(
                rejected.status,
                rejected.reason,
                rejected.detail,
                decision_id=None,
                rule=None,
                retry_after=None,
                headers=(),
                keep_alive=False,
                head_only=False,
                date=self.engine.date,
                minor=1,
            )
        )
        self._linger()
