"""What may follow a chunked body: field lines that no rule was applied to, so few are let through.

A trailer arrives after the decision about its message was made. Whatever routes, authenticates or
describes a message is therefore removed (RFC 9110, 6.5.1), so that a receiver that merges trailers
into its head cannot be told anything that the rules never saw. What would frame the message once
more is an attempt on somebody, and refused.
"""

from __future__ import annotations

from collections.abc import Container

from sidecar.wire.names import with_hyphens
from sidecar.wire.rejection import bad_request

_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Control characters other than HTAB; none is part of a field value (RFC 9110, 5.5).
_CONTROLS = bytes(byte for byte in (*range(32), 127) if byte != 9)

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_FORBIDDEN = frozenset({
    # the connection
    b"connection", b"expect", b"keep-alive", b"max-forwards", b"te", b"trailer", b"upgrade",
    b"http2-settings",
    # routing and identity
    b"host", b"forwarded", b"via", b"x-real-ip", b"x-request-id", b"origin", b"referer", b"from",
    b"traceparent", b"tracestate", b"baggage", b"x-http-method-override", b"x-original-url",
    b"x-rewrite-url", b"user-agent",
    # authentication and cookies
    b"authorization", b"cookie", b"set-cookie", b"www-authenticate", b"idempotency-key",
    # request modifiers and response control data
    b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"age",
    b"cache-control", b"date", b"expires", b"location", b"pragma", b"priority", b"range",
    b"retry-after", b"vary", b"warning",
})  # fmt: skip

_FORBIDDEN_FAMILIES = (
    b"content-", b"proxy-", b"x-forwarded-", b"x-sidecar-", b"if-", b"sec-", b"access-control-",
)  # fmt: skip

#: A digest of the content can be known at its end only: made for trailers (RFC 9530, 2).
_PERMITTED = frozenset({b"content-digest"})


def end_to_end_trailers(block: bytes, drop: Container[bytes] = ()) -> list[bytes]:
    """Validate the field lines of a trailer section and keep those that may be passed on.

    ``block`` is the section without its last CRLF pair. ``drop`` names, in lower case, further
    fields to remove: what ``Connection`` listed, the headers that carry identity. Raises
    ``Rejected`` for a line that is no field line (RFC 9112, 5.1 and 5.2) or frames the message.
    """
    kept = []
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, _TOKEN):
            raise bad_request("a trailer is not a field line (RFC 9112, 5.1)")
        if len(value.translate(None, _CONTROLS)) != len(value):
            raise bad_request("a trailer's value has a control character (RFC 9110, 5.5)")
        lower = name.lower()
        if lower in _FRAMING:
            raise bad_request("a trailer frames the message anew (RFC 9110, 6.5.1)")
        alike = with_hyphens(lower)
        if lower in drop or alike in drop:
            continue
        if lower in _PERMITTED or not (
            alike in _FORBIDDEN or alike.startswith(_FORBIDDEN_FAMILIES)
        ):
            kept.append((name + b": " + value.strip(b" \t")).rstrip())
    return kept
