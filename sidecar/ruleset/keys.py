"""Declared keys, compiled to the shortest way from a request to the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import attrgetter

from sidecar.algorithms.parameters import query_reader
from sidecar.model.http import RequestHead
from sidecar.model.policy import Key, KeyReader
from sidecar.policies.token import Tokens
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.sections import Believe, KeySource, KeySpec
from sidecar.ruleset.timeouts import deadline_headers
from sidecar.wire.names import REQUEST_KINDS, X_FORWARDED, Kind

HOST = b"host"
COOKIE = b"cookie"
#: Fields that ordinary clients send for the service to read.
ORDINARY = frozenset({
    b"accept", b"accept-encoding", b"accept-language", b"authorization", b"content-type",
    b"origin", b"referer", b"user-agent",
})  # fmt: skip
_CLIENT_FIELDS = frozenset({Kind.X_FORWARDED_FOR, Kind.FORWARDED})


def compile_keys(file: RuleFile, tokens: Tokens | None = None) -> dict[str, Key]:
    """A reader for each declared key of ``file``, which was checked; claims are of ``tokens``.

    A value that is missing, or empty, is that of `or`, else of `default`, else ``b""``.
    """
    specs = file.keys
    plain = {name: plain_reader(spec, tokens) for name, spec in specs.items()}
    return {
        name: Key(name, _with_stand_in(name, specs, plain), spec.track_at_most)
        for name, spec in specs.items()
    }


def plain_reader(spec: KeySpec, tokens: Tokens | None = None) -> KeyReader:
    """Reads the value of one key, stand-ins aside; ``b""`` when it is missing."""
    name = spec.name.encode()
    match spec.source:
        case KeySource.CLIENT_ADDRESS:
            # In C; the hottest of all keys.
            return attrgetter("client")
        case KeySource.HEADER:
            return header_reader(spec.field_name)
        case KeySource.COOKIE:
            return _cookie_reader(name)
        case KeySource.QUERY:
            return query_reader(name)
        case KeySource.PATH:
            return _segment_reader(spec.segment or 1)
        case KeySource.JWT:
            return tokens.reader(spec.claim) if tokens is not None else _no_value


def header_reader(name: bytes) -> KeyReader:
    """Reads a header field by its lower-case name."""
    if name == HOST:
        return attrgetter("host")
    return lambda request: request.fields.get(name, b"")


def fields_referred_to(file: RuleFile) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Lower-case names of the header fields that ``file`` looks at: watched ones, identity ones.

    Identity fields are those of keys that only `trust.callers` are believed about, and those that
    name a priority; they are to be removed from the requests of anyone else. No name is in both.
    """
    identity = {spec.field_name for spec in file.keys.values() if is_identity(spec)}
    identity.update(one.told_by.field_name for one in file.priorities if one.told_by is not None)
    watched = {spec.field_name for spec in file.keys.values() if spec.field_name}
    names = [name for _, match in file.matches for name in match.header]
    uses = [use for _, rule in file.rules for use in rule.headers_used()]
    names += [file.trust.jwt.header] if file.trust.jwt is not None else []
    watched.update(name.encode("ascii") for name in (*names, *(use.name for use in uses)))
    of_anyone = {spec.field_name for spec in file.keys.values() if not is_identity(spec)}
    of_callers = {use.name.encode("ascii") for use in uses if use.of_callers}
    identity.update(name.encode("ascii") for _, name in deadline_headers(file))
    identity |= of_callers - of_anyone - ORDINARY - {HOST}
    return frozenset(watched - identity - {HOST}), frozenset(identity)


def response_fields_referred_to(file: RuleFile) -> frozenset[bytes]:
    """Lower-case names of the fields of answers that ``file`` looks at."""
    return frozenset(name for _, rule in file.rules for name in rule.response_fields())


def is_identity(spec: KeySpec) -> bool:
    """Whether the key's header says who somebody is, so that not everybody is believed."""
    claims = spec.source is KeySource.HEADER and spec.believe is Believe.CALLERS
    return claims and spec.field_name != HOST


def refusal_of_header(name: str) -> str:
    """Why rules cannot refer to this header field; empty when they can."""
    lower = name.lower().encode("ascii")
    kind = REQUEST_KINDS.get(lower)
    if kind is None and lower.startswith(X_FORWARDED):
        return "it is what proxies tell the service, and says nothing of who told it"
    if kind in {None, Kind.HOST}:
        return ""
    if kind in _CLIENT_FIELDS:
        return "use from: client.address, and say in trust.proxies whose word on it counts"
    return "it belongs to the connection or is written by the sidecar itself"


def _with_stand_in(
    name: str, specs: Mapping[str, KeySpec], plain: Mapping[str, KeyReader]
) -> KeyReader:
    """The reader of a key and of the keys that stand in for it, as one chain."""
    chain: list[str] = []
    following: str | None = name
    while following is not None:
        chain.append(following)
        following = specs[following].stand_in
    default = (specs[chain[-1]].default or "").encode()
    reader = plain[chain[-1]]
    if default:
        reader = _or_default(reader, default)
    for link in reversed(chain[:-1]):
        reader = _or_reader(plain[link], reader)
    return reader


def _no_value(_: RequestHead) -> bytes:
    return b""


def _or_default(read: KeyReader, default: bytes) -> KeyReader:
    return lambda request: read(request) or default


def _or_reader(read: KeyReader, otherwise: KeyReader) -> KeyReader:
    return lambda request: read(request) or otherwise(request)


def _cookie_reader(name: bytes) -> KeyReader:
    """The first cookie of this name (RFC 6265, 4.2.1)."""
    find = re.compile(rb"(?:^|;)[ \t]*" + re.escape(name) + rb"=([^;]*)").search

    def read(request: RequestHead) -> bytes:
        cookies = request.fields.get(COOKIE)
        found = find(cookies) if cookies else None
        return found[1].rstrip(b" \t") if found else b""

    return read


def _segment_reader(number: int) -> KeyReader:
    def read(request: RequestHead) -> bytes:
        segments = request.path.split(b"/", number + 1)
        return segments[number] if len(segments) > number else b""

    return read
