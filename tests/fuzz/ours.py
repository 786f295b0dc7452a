"""How the sidecar reads a message and what it makes of it, put together as the proxy does it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.model.http import RequestHead, ResponseHead
from sidecar.proxy.peer import Peer
from sidecar.wire.chunked import ChunkedDecoder, encode_chunk, last_chunk
from sidecar.wire.forwarding import (
    BY_CHUNKS,
    interim_head,
    request_head,
    response_framing,
    response_head,
)
from sidecar.wire.head import parse_request, parse_response
from sidecar.wire.names import RESPONSE_KINDS, NameTable
from sidecar.wire.rejection import Rejected
from tests.proxy.harness import rules_for
from tests.wire.traced import Ids

RULES = rules_for([], watched=frozenset({b"x-watched"}), identity=frozenset({b"x-user"}))
PEER = Peer(RULES, "inbound", b"here", b"192.0.2.1", b"http")
#: The next sidecar on the way.
NEXT = Peer(RULES, "inbound", b"there", b"192.0.2.2", b"http")

_RESPONSE_NAMES = NameTable(RESPONSE_KINDS)
#: What responses answer to.
_ASKED = RequestHead("GET", b"/", 1)


@dataclass
class Body:
    """What follows a head."""

    payload: bytes = b""
    trailers: list[bytes] = field(default_factory=list)
    #: Bytes it took; -1 while it is incomplete.
    size: int = 0


@dataclass
class Request:
    """A request that was let in."""

    head: RequestHead
    #: End-to-end lines as they were read, before the sidecar said anything itself.
    lines: list[bytes]
    #: Lines that tell the upstream about the peer.
    stamp: bytes
    body: Body
    head_size: int

    @property
    def size(self) -> int:
        """Bytes of the whole message; 0 while it is incomplete."""
        return self.head_size + self.body.size if self.body.size >= 0 else 0


@dataclass
class Response:
    """A response that was let through."""

    head: ResponseHead
    framing: int
    body: Body
    head_size: int

    @property
    def size(self) -> int:
        """Bytes of the whole message; 0 while it is incomplete."""
        return self.head_size + self.body.size if self.body.size >= 0 else 0


def read_request(data: bytes, peer: Peer = PEER) -> Request | None:
    """The first request in ``data``, complete or not; None without a head or when refused."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    try:
        head = parse_request(data, end, peer.names, peer.limits.head)
        lines = list(head.lines)
        stamp = peer.introduce(head)
        body = _body(data[end + 4 :], head.content_length, chunked=head.chunked)
    except Rejected:
        return None
    return Request(head, lines, stamp, body, end + 4)


def read_response(data: bytes) -> Response | None:
    """The first response in ``data``; None without a head or when refused."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    try:
        head = parse_response(data, end, _RESPONSE_NAMES)
        rest = data[end + 4 :]
        framing = response_framing(_ASKED, head)
        if head.status < 200 or head.status in (204, 304):
            body = Body()
        elif head.content_length < 0 and not head.chunked:
            body = Body(rest, size=-1)
        else:
            body = _body(rest, head.content_length, chunked=head.chunked)
    except Rejected:
        return None
    return Response(head, framing, body, end + 4)


def forward_request(request: Request) -> bytes:
    """The bytes that the upstream gets for a complete request."""
    head = request.head
    if not head.host:
        head.lines.insert(0, b"Host: upstream.example")
    sent = request_head(head, request.stamp, Ids())
    return sent + _framed(request.body, chunked=head.chunked)


def forward_response(response: Response) -> bytes:
    """The bytes that the client gets for a complete response."""
    if response.head.status < 200:
        return interim_head(response.head)
    framed = b""
    if response.body.payload or response.head.chunked:
        framed = _framed(response.body, chunked=response.framing == BY_CHUNKS)
    return response_head(response.head, response.framing, [b"Via: 1.1 here"]) + framed


def _body(data: bytes, length: int, *, chunked: bool) -> Body:
    if not chunked:
        whole = len(data) >= length
        return Body(data[: max(length, 0)], size=max(length, 0) if whole else -1)
    decoder = ChunkedDecoder()
    payload = decoder.feed(data)
    size = len(data) - len(decoder.rest) if decoder.done else -1
    return Body(payload, decoder.trailers, size)


def _framed(body: Body, *, chunked: bool) -> bytes:
    return encode_chunk(body.payload) + last_chunk(body.trailers) if chunked else body.payload
