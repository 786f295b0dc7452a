"""Who the client is when trusted proxies stand between: ``X-Forwarded-For`` and ``Forwarded``.

Each proxy writes down, at the right end, whom it was talking to. So the lists are believed from
the right and no further than the first address that no rule trusts: what stands left of it was
said by that client, and is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from sidecar.algorithms.networks import NO_ADDRESS, address_number
from sidecar.wire.names import is_token

#: What RFC 7239, 6.2 writes for a client that a proxy does not know or name.
UNKNOWN = b"unknown"

#: Longer chains of trusted proxies are not walked: a list costs its reader time.
_HOPS_AT_MOST = 32
_OBFUSCATED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#: Names become keys of limits, so they may not be of any length.
_OBFUSCATED_BYTES_AT_MOST = 64
#: A name and a named port, quoted.
_NODE_BYTES_AT_MOST = 2 * _OBFUSCATED_BYTES_AT_MOST + 3
_DIGITS = b"0123456789"

Client = tuple[bytes, int]


def client_from(xff: bytes, is_trusted: Callable[[int], bool], peer: bytes) -> Client:
    """The client's address, as text and as number, according to an ``X-Forwarded-For`` list.

    To be asked only when ``peer`` itself is trusted. ``is_trusted`` is given addresses as
    numbers. Walks from the right and answers with the first address that is not trusted, or with
    the last one read when the list ends or is malformed further left. A client that a trusted
    proxy left unnamed (``unknown``, ``_token``) is answered with that word and ``NO_ADDRESS``.
    Addresses come back in their usual spelling, ports and brackets removed.
    """
    return _walk(xff, _read_node, is_trusted, peer)


def client_from_forwarded(
    forwarded: bytes, is_trusted: Callable[[int], bool], peer: bytes
) -> Client:
    """The same according to a ``Forwarded`` list (RFC 7239); no ``for`` is an unknown client."""
    return _walk(forwarded, _read_element, is_trusted, peer)


def append_forwarded_for(before: bytes, peer: bytes) -> bytes:
    """``X-Forwarded-For`` with ``peer`` added; ``before`` is empty when nobody is believed."""
    return before + b", " + peer if before else peer


def append_forwarded(before: bytes, *, peer: bytes, host: bytes, scheme: bytes) -> bytes:
    """``Forwarded`` with an element for this hop added (RFC 7239, 4).

    A ``peer`` that has no address (a Unix socket) is written as ``unknown``.
    """
    node = b'"[%b]"' % peer if b":" in peer else peer
    if address_number(peer) == NO_ADDRESS:
        node = UNKNOWN
    element = b"for=%b;host=%b;proto=%b" % (node, _word(host), scheme)
    return before + b", " + element if before else element


def _walk(
    listed: bytes,
    read: Callable[[bytes], Client | None],
    is_trusted: Callable[[int], bool],
    peer: bytes,
) -> Client:
    client = None
    # What is left unsplit beyond the last hop holds commas, and so reads as malformed.
    for element in reversed(listed.rsplit(b",", _HOPS_AT_MOST)):
        text = element.strip(b" \t")
        if not text:
            continue  # an empty element says nothing (RFC 9110, 5.6.1)
        found = read(text)
        if found is None:
            break
        client = found
        if client[1] == NO_ADDRESS or not is_trusted(client[1]):
            break
    return client or (peer, address_number(peer))


def _read_element(element: bytes) -> Client | None:
    """The ``for`` of one element of ``Forwarded``."""
    node = None
    for pair in element.split(b";"):
        name, equals, value = pair.strip(b" \t").partition(b"=")
        if not equals or not is_token(name) or not value:
            return None
        if name.lower() == b"for":
            if node is not None:
                return None
            node = value
    return (UNKNOWN, NO_ADDRESS) if node is None else _read_node(node)


def _read_node(text: bytes) -> Client | None:
    """An address or a name, with or without port, quotes and brackets; None when malformed."""
    if len(text) > _NODE_BYTES_AT_MOST:
        return None
    if b":" not in text and b'"' not in text:
        return _address(text) or _name(text)
    if text[:1] == b'"':
        if len(text) < 2 or text[-1:] != b'"':
            return None
        text = text[1:-1]
    if text[:1] == b"[":
        text, bracket, end = text[1:].partition(b"]")
        well_formed = bracket and b":" in text and (not end or _is_port(end))
        return _address(text) if well_formed else None
    if text.count(b":") == 1:
        text, colon, port = text.partition(b":")
        if not _is_port(colon + port):
            return None
    return _address(text) or _name(text)


def _address(text: bytes) -> Client | None:
    if b":" in text:
        return _ipv6_address(text)
    number = address_number(text)
    return None if number == NO_ADDRESS else (text, number)


@lru_cache(maxsize=1024)  # the standard library takes 10 µs both ways
def _ipv6_address(text: bytes) -> Client | None:
    """IPv6 has many spellings: a client must not get a new limit with each."""
    number = address_number(text)
    if number == NO_ADDRESS:
        return None
    if number >> 32 == 0xFFFF:
        return str(IPv4Address(number & 0xFFFFFFFF)).encode("ascii"), number
    return str(IPv6Address(number)).encode("ascii"), number


def _name(text: bytes) -> Client | None:
    if text.lower() == UNKNOWN:
        return UNKNOWN, NO_ADDRESS
    if text[:1] == b"_" and _is_obfuscated(text):
        return text, NO_ADDRESS
    return None


def _is_obfuscated(text: bytes) -> bool:
    return 1 < len(text) <= _OBFUSCATED_BYTES_AT_MOST and not text.translate(None, _OBFUSCATED)


def _is_port(text: bytes) -> bool:
    """``:`` and a port number, or a name in its place (RFC 7239, 6)."""
    port = text[1:]
    if text[:1] != b":" or not port:
        return False
    if port[:1] == b"_":
        return _is_obfuscated(port)
    return len(port) <= 5 and not port.translate(None, _DIGITS)


def _word(value: bytes) -> bytes:
    """``value`` as a token, or quoted when it is none (RFC 9110, 5.6.4)."""
    if is_token(value):
        return value
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
