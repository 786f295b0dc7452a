"""Writes the heads that go on: to the upstream, and back downstream (RFC 9110, 7.6).

Hop-by-hop fields are already gone when a head gets here; what is left is written anew, in its
order, with the fields that the sidecar answers for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sidecar.model.http import RequestHead, ResponseHead
from sidecar.wire.forwarded import append_forwarded, append_forwarded_for
from sidecar.wire.names import Kind

_VIA = int(Kind.VIA)
_MAX_FORWARDS = int(Kind.MAX_FORWARDS)
_X_FORWARDED_FOR = int(Kind.X_FORWARDED_FOR)
_FORWARDED = int(Kind.FORWARDED)
_X_FORWARDED_PROTO = int(Kind.X_FORWARDED_PROTO)
_X_FORWARDED_HOST = int(Kind.X_FORWARDED_HOST)
_X_REQUEST_ID = int(Kind.X_REQUEST_ID)

_SAID_OF_CLIENTS = (
    (_X_FORWARDED_FOR, b"X-Forwarded-For"),
    (_X_FORWARDED_PROTO, b"X-Forwarded-Proto"),
    (_X_FORWARDED_HOST, b"X-Forwarded-Host"),
    (_FORWARDED, b"Forwarded"),
)

#: How a body's end is told on the connection downstream.
NO_BODY = 0
BY_LENGTH = 1
BY_CHUNKS = 2
BY_CLOSE = 3

#: Final heads that say nothing of a length (RFC 9110, 8.6); the others of 1xx are interim.
_WITHOUT_CONTENT = frozenset({101, 204})


class Traced(Protocol):
    """What a request is known by: lower-case hexadecimal ids, and the flags of ``traceparent``."""

    #: Empty where the trace's id serves as one.
    request_id: bytes
    trace_id: bytes
    #: The span of the present try, which is what the upstream is told.
    try_id: bytes
    trace_flags: int
    trace_state: bytes

    @property
    def span_id(self) -> bytes:
        """The span of the request itself."""
        ...


#: Writes the head of a request; ``stamp`` are the lines that are the same for all requests of a
#: peer (``Via``, ``X-Forwarded-*``), each with its CRLF.
HeadWriter = Callable[[RequestHead, bytes, Traced], bytes]


def request_head(request: RequestHead, stamp: bytes, traced: Traced) -> bytes:
    """The head to send upstream: a ``HeadWriter`` that asks whether the trace is kept there."""
    return (
        b"%b %b HTTP/1.1\r\n%b\r\n%b%bx-request-id: %b\r\n"
        b"traceparent: 00-%b-%b-%02x\r\nx-sidecar-trace: tell\r\n\r\n"
    ) % (
        request.method.encode(),
        request.path + b"?" + request.query if request.query else request.path,
        b"\r\n".join(request.lines),
        stamp,
        _occasional(request) + _state_line(traced) if _is_unusual(request) else b"",
        traced.request_id or traced.trace_id,
        traced.trace_id,
        traced.try_id,
        traced.trace_flags,
    )


def request_head_with(
    request: RequestHead, stamp: bytes, traced: Traced, trace: bytes = b""
) -> bytes:
    """The same with other lines about its trace, each with its CRLF, or with none."""
    return b"%b %b HTTP/1.1\r\n%b\r\n%b%bx-request-id: %b\r\n%b\r\n" % (
        request.method.encode(),
        request.path + b"?" + request.query if request.query else request.path,
        b"\r\n".join(request.lines),
        stamp,
        _occasional(request) if _is_unusual(request) else b"",
        traced.request_id or traced.trace_id,
        trace,
    )


def trace_context_lines(traced: Traced) -> bytes:
    """``traceparent`` and ``tracestate``, each with its CRLF."""
    flags = traced.trace_flags & 0xFF
    parent = b"traceparent: 00-%b-%b-%02x\r\n" % (traced.trace_id, traced.try_id, flags)
    return parent + _state_line(traced)


def _state_line(traced: Traced) -> bytes:
    return b"tracestate: " + traced.trace_state + b"\r\n" if traced.trace_state else b""


def _is_unusual(request: RequestHead) -> bool:
    return bool(
        request.special
        or request.asks_upgrade
        or request.takes_trailers
        or request.expects_continue
    )


def peer_stamp(pseudonym: bytes, address: bytes, scheme: bytes) -> bytes:
    """What is said of a peer that is no trusted proxy, and had sent no ``Via``.

    ``address`` is empty when the peer has none that means something elsewhere.
    """
    source = b"X-Forwarded-For: %b\r\n" % address if address else b""
    return b"Via: 1.1 %b\r\n%bX-Forwarded-Proto: %b\r\n" % (pseudonym, source, scheme)


def proxied_stamp(
    request: RequestHead, pseudonym: bytes, address: bytes, *, believed: bool
) -> bytes:
    """The same for a request that came with fields of its own.

    ``believed`` continues what a trusted proxy said; otherwise only ``Via`` is continued, and
    the rest is said anew.
    """
    special = request.special
    via = special.get(_VIA)
    hops = b"%b, 1.1 %b" % (via, pseudonym) if via else b"1.1 %b" % pseudonym
    lines = [b"Via: " + hops]
    known = special if believed else {}
    before = known.get(_X_FORWARDED_FOR, b"")
    if address:
        lines.append(b"X-Forwarded-For: " + append_forwarded_for(before, address))
    elif before:
        lines.append(b"X-Forwarded-For: " + before)
    lines.append(b"X-Forwarded-Proto: " + known.get(_X_FORWARDED_PROTO, request.scheme))
    if _X_FORWARDED_HOST in known:
        lines.append(b"X-Forwarded-Host: " + known[_X_FORWARDED_HOST])
    if _FORWARDED in known:
        lines.append(
            b"Forwarded: "
            + append_forwarded(
                known[_FORWARDED], peer=address, host=request.host, scheme=request.scheme
            )
        )
    lines.append(b"")
    return b"\r\n".join(lines)


def service_stamp(request: RequestHead, pseudonym: bytes) -> bytes:
    """The same for what the service itself sends: what it says of its clients is left as it is.

    Its own address means nothing elsewhere, so that only ``Via`` is added.
    """
    special = request.special
    via = special.get(_VIA)
    lines = [b"Via: %b, 1.1 %b" % (via, pseudonym) if via else b"Via: 1.1 %b" % pseudonym]
    lines += [
        b"%b: %b" % (name, special[kind]) for kind, name in _SAID_OF_CLIENTS if kind in special
    ]
    lines.append(b"")
    return b"\r\n".join(lines)


def _occasional(request: RequestHead) -> bytes:
    """Fields that few requests have."""
    lines = b""
    if request.asks_upgrade:
        lines = b"Connection: upgrade\r\nUpgrade: " + request.asks_upgrade + b"\r\n"
    elif request.takes_trailers:
        lines = b"Connection: TE\r\nTE: trailers\r\n"
    if request.expects_continue:
        lines += b"Expect: 100-continue\r\n"
    special = request.special
    if _MAX_FORWARDS in special:
        lines += b"Max-Forwards: " + special[_MAX_FORWARDS] + b"\r\n"
    return lines


def response_head(head: ResponseHead, framing: int, extra: list[bytes]) -> bytes:
    """The head to send downstream; ``extra`` are lines of ours, without CRLF."""
    if framing == BY_CHUNKS:
        extra.append(b"Transfer-Encoding: chunked")
    extra.append(b"\r\n")
    lines = _without_length(head) if head.status in _WITHOUT_CONTENT else head.lines
    return b"\r\n".join([head.start_line, *lines, *extra])


def interim_head(head: ResponseHead) -> bytes:
    """An interim response (1xx), passed on."""
    return b"\r\n".join([head.start_line, *_without_length(head), b"\r\n"])


def _without_length(head: ResponseHead) -> list[bytes]:
    """The lines of an answer that has no content by its status (RFC 9110, 8.6)."""
    return [line for line in head.lines if line[:15] != b"Content-Length:"]


def response_framing(request: RequestHead, head: ResponseHead) -> int:
    """How the end of the answer's body is told to this client (RFC 9112, 6.3)."""
    status = head.status
    if request.method == "HEAD" or status in (204, 304):
        return NO_BODY
    if head.content_length >= 0:
        return BY_LENGTH
    return BY_CHUNKS if request.minor else BY_CLOSE
