"""What the proxy has to do with a field, told from its name alone.

A ``NameTable`` answers with one dictionary look-up per field line. It is also where a name's
grammar is checked: a name that is in the table is a valid token (RFC 9110, 5.6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from sidecar.wire.rejection import Rejected


class Kind(IntEnum):
    """What to do with a field."""

    #: End to end and nobody's business: forwarded as it is.
    PLAIN = 0
    #: Forwarded, and its value is remembered because a rule refers to it.
    WATCHED = 1
    HOST = 3
    CONTENT_LENGTH = 4
    TRANSFER_ENCODING = 5
    CONNECTION = 6
    #: Hop-by-hop: goes no further.
    HOP_BY_HOP = 7
    KEEP_ALIVE = 8
    EXPECT = 9
    UPGRADE = 10
    TE = 11
    # --- rewritten by the proxy; their values go to ``RequestHead.special``
    X_FORWARDED_FOR = 12
    FORWARDED = 13
    X_FORWARDED_PROTO = 14
    X_FORWARDED_HOST = 15
    X_REQUEST_ID = 16
    TRACEPARENT = 17
    TRACESTATE = 18
    VIA = 19
    MAX_FORWARDS = 20
    #: Any other ``X-Forwarded-*``: a trusted proxy's goes on as it is, a stranger's does not.
    X_FORWARDED_OTHER = 21
    #: Between sidecars: one asks whether its peer keeps the trace, the other says that it does.
    X_SIDECAR_TRACE = 22
    #: Zipkin's fields, where they are propagated.
    B3 = 23
    B3_TRACE_ID = 24
    B3_SPAN_ID = 25
    B3_PARENT_ID = 26
    B3_SAMPLED = 27
    B3_FLAGS = 28
    # --- set by the sidecar alone
    #: ``x-sidecar-*``: what anyone else says under these names is dropped.
    OWN = 30
    DATE = 31


#: The kinds whose values a request head keeps under ``special``.
SPECIAL_FROM = Kind.X_FORWARDED_FOR
SPECIAL_TO = Kind.B3_FLAGS

#: Names that begin like this are told of a client by the proxies before us: its port, the prefix
#: of its path, whatever comes up.
X_FORWARDED = b"x-forwarded-"

REQUEST_KINDS: dict[bytes, Kind] = {
    b"host": Kind.HOST,
    b"content-length": Kind.CONTENT_LENGTH,
    b"transfer-encoding": Kind.TRANSFER_ENCODING,
    b"connection": Kind.CONNECTION,
    b"keep-alive": Kind.KEEP_ALIVE,
    b"proxy-connection": Kind.HOP_BY_HOP,
    b"proxy-authenticate": Kind.HOP_BY_HOP,
    b"proxy-authorization": Kind.HOP_BY_HOP,
    # Only meaningful with an h2c upgrade, which is never forwarded (it would tunnel past rules).
    b"http2-settings": Kind.HOP_BY_HOP,
    b"expect": Kind.EXPECT,
    b"upgrade": Kind.UPGRADE,
    b"te": Kind.TE,
    b"x-forwarded-for": Kind.X_FORWARDED_FOR,
    b"forwarded": Kind.FORWARDED,
    b"x-forwarded-proto": Kind.X_FORWARDED_PROTO,
    b"x-forwarded-host": Kind.X_FORWARDED_HOST,
    # Stands for all names that begin with it and are not listed.
    X_FORWARDED: Kind.X_FORWARDED_OTHER,
    b"x-request-id": Kind.X_REQUEST_ID,
    b"traceparent": Kind.TRACEPARENT,
    b"tracestate": Kind.TRACESTATE,
    b"via": Kind.VIA,
    b"max-forwards": Kind.MAX_FORWARDS,
    b"x-sidecar-trace": Kind.X_SIDECAR_TRACE,
    b"x-sidecar-decision": Kind.OWN,
}
RESPONSE_KINDS: dict[bytes, Kind] = {
    b"content-length": Kind.CONTENT_LENGTH,
    b"transfer-encoding": Kind.TRANSFER_ENCODING,
    b"connection": Kind.CONNECTION,
    b"keep-alive": Kind.KEEP_ALIVE,
    b"proxy-connection": Kind.HOP_BY_HOP,
    b"proxy-authenticate": Kind.HOP_BY_HOP,
    b"proxy-authorization": Kind.HOP_BY_HOP,
    b"te": Kind.HOP_BY_HOP,
    b"upgrade": Kind.UPGRADE,
    b"date": Kind.DATE,
    b"x-sidecar-trace": Kind.X_SIDECAR_TRACE,
    b"x-sidecar-decision": Kind.OWN,
}

#: End-to-end fields that a sender may not lose by naming them in ``Connection``: what carries
#: identity, routing, content or caching. A sender has no business to name them there
#: (RFC 9110, 7.6.1), so naming them has no effect.
END_TO_END = frozenset({
    b"accept", b"accept-encoding", b"accept-language", b"age", b"authorization",
    b"cache-control", b"content-encoding", b"content-length", b"content-range",
    b"content-type", b"cookie", b"date", b"etag", b"expires", b"forwarded", b"host",
    b"idempotency-key", b"if-match", b"if-modified-since", b"if-none-match", b"if-range",
    b"if-unmodified-since", b"last-modified", b"location", b"origin", b"range", b"referer",
    b"server", b"set-cookie", b"traceparent", b"tracestate", b"baggage", b"user-agent", b"vary",
    b"via", b"x-real-ip", b"x-request-id",
})  # fmt: skip

_NOT_TOKEN = bytes(
    byte
    for byte in range(256)
    if byte not in b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_TOKEN = bytes(set(range(256)) - set(_NOT_TOKEN))

#: Spellings remembered beyond the known names; anything more is looked at each time anew.
_REMEMBERED_AT_MOST = 4096
#: Nobody's memory is for strangers to fill: longer names than these are rarely meant.
_REMEMBERED_BYTES_AT_MOST = 64


def is_token(name: bytes) -> bool:
    """Whether ``name`` is a token (RFC 9110, 5.6.2)."""
    return bool(name) and not name.translate(None, _TOKEN)


def with_hyphens(name: bytes) -> bytes:
    """What CGI and WSGI take ``name`` for, which have one spelling for ``-`` and ``_``."""
    return name.replace(b"_", b"-")


class NameTable(dict[bytes, int]):
    """Field name in any spelling → ``Kind``.

    ``watched`` names (lower case) are remembered for rules; ``removed`` ones are taken out, which
    is how identity fields of peers that nobody trusts disappear before anything sees them. A
    name of a request that differs from one of all these by ``_`` for ``-`` is taken out too: to
    services behind CGI and WSGI it is the same name, and they would believe what no rule has seen.

    A look-up of a new spelling validates it and remembers it, up to a bound; it raises
    ``Rejected`` for a name that is no token.
    """

    def __init__(
        self,
        kinds: Mapping[bytes, Kind],
        *,
        watched: Iterable[bytes] = (),
        removed: Iterable[bytes] = (),
    ) -> None:
        super().__init__()
        self._kinds: dict[bytes, int] = {name: int(kind) for name, kind in kinds.items()}
        for name in removed:
            self._kinds.setdefault(name, int(Kind.HOP_BY_HOP))
        for name in watched:
            self._kinds.setdefault(name, int(Kind.WATCHED))
        # Answers go to clients, who have no such confusion.
        read_by_services = X_FORWARDED in self._kinds
        self._alike = frozenset(map(with_hyphens, self._kinds if read_by_services else ()))
        #: Names that ``Connection`` may not remove.
        self.kept = END_TO_END | frozenset(self._kinds)

    def __missing__(self, name: bytes) -> int:
        """Classify a spelling that was not seen before."""
        if not is_token(name):
            raise Rejected(400, "bad_request", "a field name is not a token (RFC 9112, 5.1)")
        kind = self._kind_of(name.lower())
        if len(self) < _REMEMBERED_AT_MOST and len(name) <= _REMEMBERED_BYTES_AT_MOST:
            self[name] = kind
        return kind

    def _kind_of(self, lower: bytes) -> int:
        kind = self._kinds.get(lower)
        if kind is not None:
            return kind
        alike = with_hyphens(lower)
        if alike in self._alike:
            return int(Kind.HOP_BY_HOP)
        if alike.startswith(X_FORWARDED):
            return self._kinds.get(X_FORWARDED, 0)
        return int(Kind.PLAIN)
