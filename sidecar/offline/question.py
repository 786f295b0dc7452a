"""A request as somebody at a terminal describes it, read as the data path would read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.algorithms.networks import address_number
from sidecar.proxy.peer import UNIX, Peer
from sidecar.wire.head import parse_request
from sidecar.wire.names import Kind
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead
    from sidecar.ruleset.routes import RuleSet

_HOST = b"host"


class NoSuchRequest(Exception):  # noqa: N818 - reads as what it says to the user
    """What was described is no request; the text says what is, or which answer it would get."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request line and header fields, from a client's address."""

    #: ``GET /orders?page=2``; the method may be left out.
    line: str
    #: ``name: value`` each.
    headers: tuple[str, ...] = ()
    client: str = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it stands when the rules are asked."""

    request: RequestHead
    peer: Peer
    #: Names of the fields that were removed, because this client is not believed about them.
    removed: tuple[str, ...]


def arrive(question: Question, rules: RuleSet) -> Arrived:
    """Let the request come in on the inbound listener. Raises ``NoSuchRequest``."""
    data = _as_sent(question)
    address = question.client.encode("ascii", "replace")
    if address != UNIX and address_number(address) < 0:
        raise NoSuchRequest(f"{question.client!r} is no address; write --client 192.0.2.1 or unix")
    peer = Peer(rules, "inbound", b"explain", address, b"http")
    try:
        request = parse_request(data, len(data), peer.names, peer.limits.head)
        peer.introduce(request)
    except Rejected as rejected:
        answer = f"it is answered with {rejected.status} {rejected.reason} before any rule is asked"
        raise NoSuchRequest(f"{answer}: {rejected.detail}") from rejected
    return Arrived(request, peer, _removed(question, rules, peer))


def _as_sent(question: Question) -> bytes:
    method, space, target = question.line.strip().partition(" ")
    if not space:
        method, target = "GET", method
    is_target = target.startswith(("/", "*", "http://", "https://"))
    if not is_target or not question.line.strip().isprintable():
        raise NoSuchRequest(
            f"{question.line!r} is no request; write --request 'GET /orders?page=2'"
        )
    fields = [_field(header) for header in question.headers]
    if not any(name.lower() == _HOST for name, _ in fields):
        fields.insert(0, (b"Host", b"localhost"))
    lines = [b"%b: %b" % field for field in fields]
    return b"\r\n".join([f"{method} {target} HTTP/1.1".encode(), *lines])


def _field(header: str) -> tuple[bytes, bytes]:
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        raise NoSuchRequest(f"{header!r} is no header field; write --header 'x-user-id: 42'")
    return name.strip().encode(), value.strip().encode()


def _removed(question: Question, rules: RuleSet, peer: Peer) -> tuple[str, ...]:
    """Fields that are believed of others, and were taken out here."""
    names = [_field(header)[0] for header in question.headers]
    return tuple(
        name.decode()
        for name in names
        if rules.names_believed[name] == Kind.WATCHED and peer.names[name] == Kind.HOP_BY_HOP
    )
