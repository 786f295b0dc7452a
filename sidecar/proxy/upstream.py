"""One connection to an endpoint: sends a request, reads its answer, and trusts nothing else.

Whatever an upstream sends that is not the one answer asked for ends the connection, so that it
cannot become the answer to somebody else's request.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import ssl
from typing import TYPE_CHECKING, Final

from sidecar.model.http import NO_LENGTH
from sidecar.model.outcome import (
    STALE_CONNECTION,
    UPSTREAM_BAD_RESPONSE,
    UPSTREAM_RESET,
    UPSTREAM_TRUNCATED,
)
from sidecar.proxy.clock import clock
from sidecar.wire.chunked import ChunkedDecoder
from sidecar.wire.head import RESPONSE_LIMITS, check_incomplete, parse_response
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Endpoint
    from sidecar.model.http import ResponseHead
    from sidecar.proxy.asker import Asker
    from sidecar.proxy.connector import Connector

#: What the connection waits for.
IDLE: Final = 0
HEAD: Final = 1
LENGTH: Final = 2
CHUNKED: Final = 3
UNTIL_CLOSE: Final = 4
TUNNEL: Final = 5
CLOSED: Final = 6
OPENING: Final = 7

#: Interim responses passed on per request; an endless stream of them is no answer.
_INTERIM_AT_MOST = 64

_READABLE = select.POLLIN | select.POLLRDHUP | select.POLLERR | select.POLLHUP


class Upstream(asyncio.Protocol):
    """The protocol that faces an endpoint. One request at a time, never pipelined."""

    __slots__ = (
        "_decoder",
        "_held",
        "_interim",
        "_left",
        "_paused",
        "_poll",
        "_write_blocked",
        "connector",
        "endpoint",
        "exchange",
        "expires",
        "idle_seconds",
        "requests",
        "retires",
        "reusable",
        "state",
        "transport",
        "write",
    )

    transport: asyncio.Transport

    def __init__(self, connector: Connector, retires: float) -> None:
        self.connector = connector
        self.endpoint: Endpoint = connector.endpoint
        self.exchange: Asker | None = None
        self.state = OPENING
        #: Requests this connection was used for before the present one.
        self.requests = 0
        self.reusable = True
        self.expires = retires
        self.retires = retires
        #: How long the endpoint said that it keeps an idle connection.
        self.idle_seconds = float("inf")
        self._held = b""
        self._left = 0
        self._interim = 0
        self._decoder: ChunkedDecoder | None = None
        self._poll: select.poll | None = None
        self._paused = False
        #: It has not taken what was sent; the next request would wait behind that.
        self._write_blocked = False

    # --- as a pool's connection

    def is_quiet(self) -> bool:
        """Whether nothing has come, no end of stream either, since the last answer.

        What is there before a request is sent cannot be its answer. Costs one system call
        (0.6 µs) and is asked on every reuse. Over TLS it may be a session ticket that came after
        the answer: such a connection is given up for nothing, once.
        """
        poll = self._poll
        return poll is None or not poll.poll(0)

    def send(self, exchange: Asker, data: bytes) -> None:
        """Send the head of a request, and what there is of its body."""
        self.exchange = exchange
        self.state = HEAD
        self.write(data)

    def pause_reading(self) -> None:
        """The client reads slower than the endpoint answers."""
        if not self._paused and self.state != CLOSED:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the endpoint sends again."""
        if self._paused and self.state != CLOSED:
            self._paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def close(self) -> None:
        """End the connection at once."""
        state, self.state = self.state, CLOSED
        if state != CLOSED:
            self.transport.abort()
            if state != OPENING:
                self.connector.closed(self)

    def end_writing(self) -> None:
        """A tunnel's client sends nothing more."""
        if self.transport.can_write_eof():
            # Of a reset that came while nobody read the loop has not told yet, and will.
            with contextlib.suppress(OSError):
                self.transport.write_eof()
        else:
            self.transport.close()

    def abandon(self) -> None:
        """The exchange wants nothing more of this connection, which has an answer pending."""
        self.exchange = None
        self.close()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = transport  # type: ignore[assignment]  # both loops give a Transport
        self.write = self.transport.write
        if transport.get_extra_info("ssl_object") is None:
            # Over TLS only from the first answer on: session tickets follow the handshake.
            self._watch()

    def _watch(self) -> None:
        """From now on what comes unasked is noticed (``is_quiet``)."""
        socket = self.transport.get_extra_info("socket")
        if socket is not None:
            self._poll = select.poll()
            self._poll.register(socket.fileno(), _READABLE)

    def data_received(self, data: bytes) -> None:
        """Bytes from the endpoint."""
        exchange = self.exchange
        if exchange is None:
            # Nobody asked for anything: an answer before the request, or bytes after one.
            self.connector.unsolicited()
            self.close()
            return
        try:
            state = self.state
            if state == HEAD:
                self._read_head(data, exchange)
            elif state == LENGTH:
                self._read_length(data, exchange)
            elif state == CHUNKED:
                self._read_chunks(data, exchange)
            elif state == UNTIL_CLOSE:
                exchange.response_body(data)
            elif state == TUNNEL:
                exchange.tunnel_down(data)
        except Rejected as rejected:
            self.exchange = None
            self.close()
            exchange.attempt_failed(UPSTREAM_BAD_RESPONSE, rejected.detail)

    def eof_received(self) -> bool:
        """The endpoint sends nothing more; a tunnel stays open the other way."""
        if self.state == TUNNEL and self.exchange is not None:
            self.exchange.tunnel_ended(from_upstream=True)
            # TLS has no half-closed connections.
            return self.transport.get_extra_info("ssl_object") is None
        exchange = self.exchange
        if self.state == UNTIL_CLOSE and exchange is not None and self._is_farewell():
            self.exchange = None
            self.close()
            exchange.response_last(b"", [])
        return False

    def _is_farewell(self) -> bool:
        """Whether the end of the stream is one that the endpoint meant.

        TLS says so; an end without that is a cut (RFC 9112, 9.8).
        """
        secured = self.transport.get_extra_info("ssl_object")
        try:
            return secured is None or not secured.read(1)
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLError:
            return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone."""
        state, self.state = self.state, CLOSED
        exchange, self.exchange = self.exchange, None
        if state not in (CLOSED, OPENING):
            self.connector.closed(self)
        if exchange is None:
            return
        if state == TUNNEL:
            exchange.tunnel_closed()
        elif state == HEAD:
            # A kept-alive connection may have been closed before the request reached it.
            untouched = self.requests > 0 and not self._held and not self._interim
            exchange.attempt_failed(STALE_CONNECTION if untouched else UPSTREAM_RESET)
        else:
            exchange.attempt_failed(UPSTREAM_TRUNCATED)

    def pause_writing(self) -> None:
        """The endpoint takes the request's body slower than the client sends it."""
        self._write_blocked = True
        if self.exchange is not None:
            self.exchange.downstream.pause_reading()

    def resume_writing(self) -> None:
        """The endpoint has caught up."""
        self._write_blocked = False
        if self.exchange is not None:
            self.exchange.downstream.resume_reading()

    # --- the answer

    def _read_head(self, data: bytes, exchange: Asker) -> None:
        exchange.heard = clock()
        if self._held:
            data = self._held + data
            self._held = b""
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                check_incomplete(data, RESPONSE_LIMITS)
                self._held = data
                return
            head = parse_response(data, end, exchange.rules.response_names)
            data = data[end + 4 :]
            if head.status >= 200:
                break
            if head.status == 101:
                self._switch_protocols(head, data, exchange)
                return
            self._interim += 1
            if self._interim > _INTERIM_AT_MOST:
                raise Rejected(502, "upstream_bad_response", "interim responses without end")
            exchange.interim_response(head)
            if not data:
                return
        self.reusable = head.keep_alive
        if head.keep_alive_seconds:
            # One second early, so that the request is not on its way when the endpoint closes.
            self.idle_seconds = head.keep_alive_seconds - 1.0
        self._begin_body(head, data, exchange)

    def _begin_body(self, head: ResponseHead, data: bytes, exchange: Asker) -> None:
        status = head.status
        length = head.content_length
        if status in (204, 304) or exchange.request.method == "HEAD":
            self._finish_with_head(head, data, exchange)
        elif length != NO_LENGTH:
            have = len(data)
            if have < length:
                self.state = LENGTH
                self._left = length - have
                exchange.response_begin(head, data, ended=False)
            else:
                if have > length:
                    self._surplus()
                    data = data[:length]
                self._release(exchange)
                exchange.response_begin(head, data, ended=True)
        elif head.chunked:
            self.state = CHUNKED
            self._decoder = ChunkedDecoder()
            exchange.response_begin(head, b"", ended=False)
            if data and self.exchange is exchange:
                self._read_chunks(data, exchange)
        else:
            self.state = UNTIL_CLOSE
            self.reusable = False
            exchange.response_begin(head, data, ended=False)

    def _finish_with_head(self, head: ResponseHead, data: bytes, exchange: Asker) -> None:
        if data:
            self._surplus()
        self._release(exchange)
        exchange.response_begin(head, b"", ended=True)

    def _read_length(self, data: bytes, exchange: Asker) -> None:
        have = len(data)
        left = self._left
        if have < left:
            self._left = left - have
            exchange.response_body(data)
            return
        if have > left:
            self._surplus()
            data = data[:left]
        self._release(exchange)
        exchange.response_last(data, [])

    def _read_chunks(self, data: bytes, exchange: Asker) -> None:
        decoder = self._decoder
        if decoder is None:
            return
        payload = decoder.feed(data)
        if not decoder.done:
            if payload:
                exchange.response_body(payload)
            return
        if decoder.rest:
            self._surplus()
        self._decoder = None
        self._release(exchange)
        exchange.response_last(payload, decoder.trailers)

    def _switch_protocols(self, head: ResponseHead, data: bytes, exchange: Asker) -> None:
        if not exchange.request.asks_upgrade or not head.asks_upgrade:
            raise Rejected(502, "upstream_bad_response", "101 to a request that asked no upgrade")
        if not _protocols(head.asks_upgrade) <= _protocols(exchange.request.asks_upgrade):
            raise Rejected(502, "upstream_bad_response", "101 to a protocol that was not asked for")
        self.state = TUNNEL
        self.reusable = False
        exchange.tunnel_begin(head, data)

    def _surplus(self) -> None:
        """More came than was asked for: the answer stands, the connection does not."""
        self.connector.unsolicited()
        self.reusable = False

    def _release(self, exchange: Asker) -> None:
        """The answer is complete; the connection can go back if the request is too."""
        self.exchange = None
        self.requests += 1
        if self._poll is None:
            self._watch()
        if self._paused:
            # By a client that reads slowly; the next one must not wait for that.
            self.resume_reading()
        if self.reusable and exchange.request_sent and not self._write_blocked:
            self.state = IDLE
            self._interim = 0
            self.connector.release(self)
        else:
            self.close()


def _protocols(upgrade: bytes) -> set[bytes]:
    return {protocol.strip(b" \t") for protocol in upgrade.lower().split(b",")}
