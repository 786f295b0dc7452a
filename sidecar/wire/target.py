"""The request target taken apart, in the forms that a proxy in front of a service may be sent."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from sidecar.wire.rejection import METHOD_NOT_SUPPORTED, Rejected, bad_request

#: Visible ASCII without ``#``: browsers and scripts send more in queries than the grammar has.
_QUERY = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))
#: Names and IPv4 addresses with ports up to 59999; whatever else is valid takes the long way.
_COMMON_HOST = re.compile(rb"[A-Za-z0-9\-._~]++(?::[1-5]?+[0-9]{0,4}+)?+").fullmatch
_HOST_NAME = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_IPV6 = b"0123456789ABCDEFabcdef:."
_DIGITS = b"0123456789"


def split_target(method: str, target: bytes) -> tuple[bytes | None, bytes | None, bytes, bytes]:
    """Scheme, authority, path and query of a request target (RFC 9112, 3.2).

    Scheme and authority are None unless the target is in absolute-form; the authority then
    outranks the Host field. The path is handed on as it came, for ``read_path``; it is ``*`` for
    ``OPTIONS`` of the server as a whole. The query is verbatim, without its ``?``.

    Raises ``Rejected``: 405 for ``CONNECT``, 400 for anything that is none of these forms.
    """
    if method == "CONNECT":
        raise Rejected(405, METHOD_NOT_SUPPORTED, "no tunnels are made here (RFC 9110, 9.3.6)")
    if target[:1] == b"/":
        path, _, query = target.partition(b"?")
        if query and query.translate(None, _QUERY):
            raise bad_request("the query holds a byte that must be escaped (RFC 3986, 3.4)")
        return None, None, path, query
    if target == b"*":
        if method != "OPTIONS":
            raise bad_request("the target * is for OPTIONS only (RFC 9112, 3.2.4)")
        return None, None, target, b""
    return _split_absolute(method, target)


def _split_absolute(method: str, target: bytes) -> tuple[bytes | None, bytes | None, bytes, bytes]:
    before, colon, rest = target.partition(b"://")
    scheme = before.lower()
    if not colon or scheme not in (b"http", b"https"):
        raise bad_request("the target is not a path nor an http or https URI (RFC 9112, 3.2)")
    # The authority ends at the first slash or question mark (RFC 3986, 3.2).
    authority = rest.partition(b"?")[0].partition(b"/")[0]
    if b"@" in authority:
        raise bad_request("the target holds user information (RFC 9110, 4.2.4)")
    if not valid_host(authority):
        raise bad_request("the target's authority is malformed (RFC 9110, 4.2.1)")
    tail = rest[len(authority) :]
    if not tail:
        # The last proxy turns an empty path into what the service expects (RFC 9112, 3.2.4).
        tail = b"*" if method == "OPTIONS" else b"/"
    elif tail[:1] == b"?":
        tail = b"/" + tail
    path, _, query = tail.partition(b"?")
    if query.translate(None, _QUERY):
        raise bad_request("the query holds a byte that must be escaped (RFC 3986, 3.4)")
    return scheme, authority, path, query


def valid_host(value: bytes) -> bool:
    """Whether ``value`` names a host, with or without a port (RFC 9110, 7.2; RFC 3986, 3.2.2).

    Narrower than the grammar on purpose: names are looked up and compared, so neither escapes
    nor sub-delimiters are let through, and the empty name names nothing.
    """
    if _COMMON_HOST(value):
        return True
    if value[:1] == b"[":
        literal, bracket, end = value[1:].partition(b"]")
        closed = bracket and (not end or (end[:1] == b":" and _valid_port(end[1:])))
        return bool(closed) and _valid_ipv6(literal)
    name, _, port = value.partition(b":")
    return name != b"" and not name.translate(None, _HOST_NAME) and _valid_port(port)


def _valid_port(port: bytes) -> bool:
    """Empty means the scheme's own port (RFC 3986, 3.2.3)."""
    return len(port) <= 5 and not port.translate(None, _DIGITS) and int(port or b"0") <= 65535


def _valid_ipv6(literal: bytes) -> bool:
    if literal.translate(None, _IPV6):
        return False
    try:
        IPv6Address(literal.decode("ascii"))
    except AddressValueError:
        return False
    return True
