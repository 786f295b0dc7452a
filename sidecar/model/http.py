"""A message before its body, as the wire read it and as the rules see it.

Everything that came from a socket stays ``bytes``; only the method is text, because it is one
of a handful of interned words.
"""

from __future__ import annotations

from sidecar.model.priority import MEDIUM

#: ``content_length`` of a message that declares none.
NO_LENGTH = -1

#: Methods that may be sent again when it is unknown whether they had been (RFC 9110, 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})


class RequestHead:
    """One request head, already stripped of everything hop-by-hop.

    The wire fills the first group, trust the second; after that nothing changes it. Policies
    read it and never write.
    """

    __slots__ = (
        "asks_upgrade",
        "chunked",
        "client",
        "client_number",
        "connection_options",
        "content_length",
        "decision",
        "expects_continue",
        "fields",
        "host",
        "keep_alive",
        "lines",
        "method",
        "minor",
        "path",
        "priority",
        "query",
        "scheme",
        "special",
        "takes_trailers",
        "target",
    )

    def __init__(self, method: str, target: bytes, minor: int) -> None:
        # --- the wire
        self.method = method
        #: The request target exactly as received.
        self.target = target
        #: 1 for HTTP/1.1, 0 for HTTP/1.0.
        self.minor = minor
        self.host = b""
        #: End-to-end field lines (``Name: value``), in the order received, to be forwarded.
        self.lines: list[bytes] = []
        #: Values of the fields that a rule refers to, by lower-case name; repeated fields are
        #: joined by ``", "`` (RFC 9110, 5.3).
        self.fields: dict[bytes, bytes] = NO_FIELDS
        #: Values of the fields that the proxy itself rewrites, by kind (``wire.names``).
        self.special: dict[int, bytes] = NO_SPECIAL
        #: Lower-case names that ``Connection`` listed.
        self.connection_options: tuple[bytes, ...] = ()
        self.content_length = NO_LENGTH
        self.chunked = False
        self.keep_alive = minor == 1
        self.expects_continue = False
        #: The protocol asked for by ``Upgrade`` when ``Connection`` names it, else empty.
        self.asks_upgrade = b""
        self.takes_trailers = False
        # --- trust
        self.scheme = b"http"
        #: The path read once: unreserved escapes decoded, dot segments resolved. No query.
        self.path = b""
        #: What follows ``?``, verbatim; empty when there is none.
        self.query = b""
        #: The client's address as text, ``b"unix"`` for a peer on a Unix socket.
        self.client = b""
        #: The client's address as a 128-bit number (IPv4 as IPv4-mapped), -1 when it has none.
        self.client_number = -1
        # --- the exchange
        #: The id of the decision about this request, 16 hexadecimal digits: no two have the same.
        self.decision = b""
        #: Who is shed later than others (``model.priority``).
        self.priority = MEDIUM

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow this head."""
        return self.chunked or self.content_length > 0


class ResponseHead:
    """One response head, stripped of everything hop-by-hop."""

    __slots__ = (
        "asks_upgrade",
        "chunked",
        "connection_options",
        "content_length",
        "fields",
        "has_date",
        "keep_alive",
        "keep_alive_seconds",
        "kept",
        "lines",
        "minor",
        "start_line",
        "status",
    )

    def __init__(self, status: int, start_line: bytes, minor: int) -> None:
        self.status = status
        #: As it is sent on: ``HTTP/1.1 200 OK``, whatever version the upstream speaks.
        self.start_line = start_line
        self.minor = minor
        self.lines: list[bytes] = []
        self.connection_options: tuple[bytes, ...] = ()
        self.content_length = NO_LENGTH
        self.chunked = False
        self.keep_alive = minor == 1
        #: ``Keep-Alive: timeout=N`` as announced, 0 when it was not.
        self.keep_alive_seconds = 0
        self.asks_upgrade = b""
        self.has_date = False
        #: Whether a sidecar says that it keeps this request's trace.
        self.kept = False
        #: Values of the fields that a rule refers to, by lower-case name.
        self.fields: dict[bytes, bytes] = NO_FIELDS


#: Shared by every head that has none; never written to.
NO_FIELDS: dict[bytes, bytes] = {}
NO_SPECIAL: dict[int, bytes] = {}
