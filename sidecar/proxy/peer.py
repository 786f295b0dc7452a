"""Who is at the other end of a client connection, and what of its words is believed."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sidecar.algorithms.networks import address_number
from sidecar.wire.forwarded import client_from, client_from_forwarded
from sidecar.wire.forwarding import peer_stamp, proxied_stamp
from sidecar.wire.names import X_FORWARDED, Kind, with_hyphens
from sidecar.wire.path import read_path
from sidecar.wire.rejection import Rejected, bad_request
from sidecar.wire.target import split_target, valid_host

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead
    from sidecar.ruleset.routes import RuleSet

_X_FORWARDED_FOR = int(Kind.X_FORWARDED_FOR)
_X_FORWARDED_PROTO = int(Kind.X_FORWARDED_PROTO)
_X_FORWARDED_OTHER = int(Kind.X_FORWARDED_OTHER)
_FORWARDED = int(Kind.FORWARDED)
_VIA = int(Kind.VIA)
_MAX_FORWARDS = int(Kind.MAX_FORWARDS)

#: ``client.address`` of whoever connects through a Unix socket.
UNIX = b"unix"

_SCHEMES = frozenset({b"http", b"https"})


class Peer:
    """A client connection's far end, as one rule set sees it."""

    #: Whether it is the service beside us, on its way out.
    is_service = False

    __slots__ = (
        "_keep_escaped_slash",
        "_pseudonym",
        "address",
        "find_route",
        "is_believed",
        "is_proxy",
        "limits",
        "names",
        "number",
        "rules",
        "scheme",
        "stamp",
    )

    def __init__(
        self,
        rules: RuleSet,
        listener: str,
        pseudonym: bytes,
        address: bytes,
        scheme: bytes,
        certified: tuple[bytes, ...] = (),
    ) -> None:
        """``certified`` are the names in the certificate that the peer has shown."""
        trust = rules.trust
        unix = address == UNIX
        self.rules = rules
        self.address = address
        self.number = -1 if unix else address_number(address)
        self.scheme = scheme
        ours = rules.listener(listener)
        self.limits = ours.limits
        self.find_route = ours.find_route
        self.is_proxy = trust.unix_is_proxy if unix else trust.proxies.contains(self.number)
        believed = trust.unix_is_caller if unix else trust.callers.contains(self.number)
        if not believed and trust.certificates is not None:
            believed = any(map(trust.certificates.match, certified))
        #: Whether it is one of ``trust.callers``.
        self.is_believed = believed
        self.names = rules.names_believed if believed else rules.names_unbelieved
        self._keep_escaped_slash = trust.keep_escaped_slash
        self._pseudonym = pseudonym
        self.stamp = peer_stamp(pseudonym, b"" if unix else address, scheme)

    def introduce(self, request: RequestHead) -> bytes:
        """Fill in who asks and for what; returns the lines that tell the upstream.

        Raises ``Rejected`` for a target or a Host that cannot be read in one way only.
        """
        scheme, authority, path, query = split_target(request.method, request.target)
        if authority is not None:
            self._take_authority(request, authority)
        elif not valid_host(request.host) and (request.host or request.minor):
            raise bad_request("Host is not a valid host and port (RFC 9110, 7.2)")
        # A target that says https does not make it so: only a proxy knows how it was asked.
        request.scheme = scheme if scheme and self.is_proxy else self.scheme
        if path == b"*":
            request.path = path
        else:
            request.path = read_path(path, keep_escaped_slash=self._keep_escaped_slash)
        request.query = query
        request.client = self.address
        request.client_number = self.number
        if not request.special:
            return self.stamp
        return self._introduce_proxied(request)

    def _take_authority(self, request: RequestHead, authority: bytes) -> None:
        """The absolute form wins over Host, which is replaced (RFC 9112, 3.2.2)."""
        request.host = authority
        request.lines = [
            b"Host: " + authority,
            *(line for line in request.lines if line[:5].lower() != b"host:"),
        ]

    def _introduce_proxied(self, request: RequestHead) -> bytes:
        self._count_hops(request)
        special = request.special
        if self.is_proxy:
            self._believe_proxy(request)
        elif special.keys() <= _HARMLESS:
            return self.stamp
        elif _X_FORWARDED_OTHER in special:
            lines = request.lines
            request.lines = [line for line in lines if not _is_of_proxies(line)]
        source = b"" if self.address == UNIX else self.address
        return proxied_stamp(request, self._pseudonym, source, believed=self.is_proxy)

    def _count_hops(self, request: RequestHead) -> None:
        """Raises ``Rejected`` for a request that goes in circles."""
        special = request.special
        if _VIA in special and self._pseudonym in special[_VIA]:
            raise Rejected(508, "loop_detected", "the request has come through here before")
        if _MAX_FORWARDS in special:
            _count_down(request)

    def _believe_proxy(self, request: RequestHead) -> None:
        trusted = self.rules.trust.proxies.contains
        special = request.special
        if _X_FORWARDED_FOR in special:
            found = client_from(special[_X_FORWARDED_FOR], trusted, self.address)
            request.client, request.client_number = found
        elif _FORWARDED in special:
            found = client_from_forwarded(special[_FORWARDED], trusted, self.address)
            request.client, request.client_number = found
        scheme = special.get(_X_FORWARDED_PROTO, b"").lower()
        if scheme in _SCHEMES:
            request.scheme = scheme


_HARMLESS_KINDS = (
    Kind.X_REQUEST_ID, Kind.TRACEPARENT, Kind.TRACESTATE, Kind.X_SIDECAR_TRACE, Kind.B3,
    Kind.B3_TRACE_ID, Kind.B3_SPAN_ID, Kind.B3_PARENT_ID, Kind.B3_SAMPLED, Kind.B3_FLAGS,
)  # fmt: skip
#: Special fields that do not change what is said of a peer.
_HARMLESS = frozenset(int(kind) for kind in _HARMLESS_KINDS)


def _is_of_proxies(line: bytes) -> bool:
    return with_hyphens(line[: len(X_FORWARDED)].lower()) == X_FORWARDED


def _count_down(request: RequestHead) -> None:
    """``Max-Forwards`` counts for TRACE and OPTIONS only (RFC 9110, 7.6.2)."""
    value = request.special[_MAX_FORWARDS]
    if request.method not in ("TRACE", "OPTIONS"):
        return
    if not value.isdigit() or len(value) > 9:
        raise bad_request("Max-Forwards is not a number (RFC 9110, 7.6.2)")
    if int(value) == 0:
        raise Rejected(501, "not_implemented", "Max-Forwards is used up, and this hop answers none")
    request.special[_MAX_FORWARDS] = b"%d" % (int(value) - 1)


def peer_address(peername: object) -> bytes:
    """The address of a connected socket, as the rules write it."""
    if not isinstance(peername, tuple) or not peername:
        return UNIX
    host = str(peername[0]).partition("%")[0]
    if host.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        host = str(mapped) if mapped is not None else host
    return host.encode("ascii")
