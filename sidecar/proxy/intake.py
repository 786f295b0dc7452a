"""The body of a request as it comes in: framed, bounded, handed on or thrown away."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from sidecar.proxy.client_connection import BODY, SKIPPING, WAITING, ClientConnection
from sidecar.wire.chunked import ChunkedDecoder
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.exchange import Exchange
    from sidecar.proxy.peer import Peer

#: The largest rest of a body that is read to keep a connection.
_SKIPPED_BYTES: Final = 64 * 1024


class Intake(ClientConnection):
    """A client's connection that knows where a request's body ends."""

    __slots__ = ("_decoder", "_left", "body_since", "exchange", "peer")

    peer: Peer

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.exchange: Exchange | None = None
        self.body_since = 0.0
        self._left = 0
        self._decoder: ChunkedDecoder | None = None

    @abstractmethod
    def _next(self) -> None:
        """The request is over in every respect."""

    @abstractmethod
    def _reject(self, rejected: Rejected) -> None:
        """The connection's state is unknown."""

    def _begin_body(self, request: RequestHead, now: float) -> None:
        limit = self.peer.limits.body
        self.state = BODY
        if request.content_length > limit:
            raise Rejected(413, "body_too_large", "the body is larger than is taken here")
        self.body_since = now
        self._left = request.content_length
        if request.chunked:
            # A trailer may not smuggle in what a field of the head would have been removed for.
            self._decoder = ChunkedDecoder(max_body=limit, drop_trailers=self.peer.names.kept)

    def _take_body(self, data: bytes) -> None:
        try:
            if self._decoder is None:
                self._take_length(data)
            else:
                self._take_chunks(data, self._decoder)
        except Rejected as rejected:
            if self.state == SKIPPING:
                # The request was answered: another answer would be taken for the next one's.
                self._linger()
            else:
                self._reject(rejected)

    def _take_length(self, data: bytes) -> None:
        left = self._left
        if len(data) > left:
            self._held += data[left:]
            data = data[:left]
        self._left = left - len(data)
        self._deliver(data, None if self._left else [])

    def _take_chunks(self, data: bytes, decoder: ChunkedDecoder) -> None:
        payload = decoder.feed(data)
        if decoder.done:
            self._held += decoder.rest
            self._decoder = None
            self._deliver(payload, decoder.trailers)
        elif payload:
            self._deliver(payload, None)

    def _deliver(self, payload: bytes, trailers: list[bytes] | None) -> None:
        """Hand on a piece of the body; ``trailers`` are there when it was the last."""
        exchange = self.exchange
        if self.state == BODY and exchange is not None:
            if trailers is not None:
                # Said before the last piece goes out: the answer may come in the same call.
                self.state = WAITING
            if payload:
                exchange.request_body(payload)
            if trailers is not None and self.exchange is exchange:
                exchange.request_end(trailers)
            return
        self._skipped += len(payload)
        if trailers is not None:
            self._next()
        elif self._skipped > _SKIPPED_BYTES:
            self._linger()

    def _skippable(self) -> bool:
        return self._decoder is not None or self._left <= _SKIPPED_BYTES
