"""Whether the fields of a rule file that belong together agree with one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.model.text import is_field_name
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.keys import refusal_of_header
from sidecar.ruleset.listener_sections import (
    ClientCertificate,
    ListenersSpec,
    ListenerTlsSpec,
)
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.routes import Timeouts
from sidecar.ruleset.sections import (
    Believe,
    KeySource,
    KeySpec,
    PrioritySpec,
    RouteSpec,
    TimeoutsSpec,
    UpstreamSpec,
    UpstreamTlsSpec,
)
from sidecar.wire.names import RESPONSE_KINDS

_NAMED = frozenset({KeySource.HEADER, KeySource.COOKIE, KeySource.QUERY})


def check_consistency(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every field that contradicts another one or lacks one beside it."""
    problems = [
        *_listeners(parts),
        *_upstreams(parts),
        *_keys(parts),
        *_headers(parts),
        *_response_fields(parts),
        *_timeouts(parts),
    ]
    return [problem.at(document) for problem in problems]


@dataclass(frozen=True, slots=True)
class _Problem:
    code: str
    path: Path
    message: str
    hint: str

    def at(self, document: Document) -> Diagnostic:
        """The problem with its place: what is missing is shown where it should stand."""
        if self.code == "incomplete":
            span = document.holder_span(self.path)
        elif self.code == "conflict" or self.path[-2:-1] == ("header",):
            span = document.name_span(self.path)
        else:
            span = document.span(self.path)
        return finding(self.code, self.message, document.name, span, self.hint)


def _listeners(parts: Parts) -> Iterator[_Problem]:
    for path, listeners in parts.of(ListenersSpec):
        inbound = listeners.inbound
        if inbound.tls is not None:
            yield from _listener_tls((*path, "inbound", "tls"), inbound.tls)


def _listener_tls(path: Path, tls: ListenerTlsSpec) -> Iterator[_Problem]:
    asked = tls.client_certificate is not ClientCertificate.NONE
    if asked and not tls.client_ca:
        message = "client certificates are asked for, but no client_ca says which are accepted"
        yield _Problem("incomplete", path, message, "add client_ca: FILE")
    if tls.client_ca and not asked:
        message = "client_ca does nothing while no client certificates are asked for"
        hint = "add client_certificate: request or require"
        yield _Problem("incomplete", (*path, "client_ca"), message, hint)


def _upstreams(parts: Parts) -> Iterator[_Problem]:
    for path, upstream in parts.of(UpstreamSpec):
        yield from _whereabouts(path, upstream)
        if len(set(upstream.targets)) < len(upstream.targets):
            message = "a target stands twice, and would get twice its share"
            yield _Problem("conflict", (*path, "targets"), message, "name each target once")
        if upstream.tls is not None:
            yield from _upstream_tls((*path, "tls"), upstream, upstream.tls)


def _whereabouts(path: Path, upstream: UpstreamSpec) -> Iterator[_Problem]:
    """One way to say where it is, with all that belongs to it."""
    said = [one for one in ("url", "targets", "dns") if getattr(upstream, one)]
    if not said:
        message = f"upstream '{path[-1]}' has neither url, targets nor dns"
        yield _Problem("incomplete", path, message, "add url: http://HOST:PORT")
    for one in said[1:]:
        message = f"upstream '{path[-1]}' has both {said[0]} and {one}"
        yield _Problem("conflict", (*path, one), message, "keep one of them")
    if upstream.dns is not None and upstream.port is None:
        message = f"a name stands for addresses, and upstream '{path[-1]}' has no port"
        yield _Problem("incomplete", path, message, "add port: 8080")
    for one in ("port", "refresh"):
        if upstream.dns is None and one in upstream.model_fields_set:
            message = f"{one} belongs to dns, which is not there"
            yield _Problem("conflict", (*path, one), message, "leave it out")


def _upstream_tls(path: Path, upstream: UpstreamSpec, tls: UpstreamTlsSpec) -> Iterator[_Problem]:
    url = upstream.url
    if url is not None and not url.tls and not url.address.path:
        message = "tls stands beside a url that begins with http://"
        hint = f"write url: https://{url.address}, or leave tls out"
        yield _Problem("conflict", path, message, hint)
    for one, other in (("cert", "key"), ("key", "cert")):
        if getattr(tls, one) and not getattr(tls, other):
            message = f"{one} stands without {other}"
            yield _Problem("incomplete", (*path, one), message, f"add {other}: FILE")


def _keys(parts: Parts) -> Iterator[_Problem]:
    for path, key in parts.of(KeySpec):
        source = key.source.value
        if key.source in _NAMED and not key.name:
            message = f"a key from a {source} needs its name"
            yield _Problem("incomplete", path, message, "add name: NAME")
        if key.source is KeySource.PATH and key.segment is None:
            message = "a key from the path needs the number of a segment"
            yield _Problem("incomplete", path, message, "add segment: 1 for the first")
        for field, is_there, belongs in (
            ("name", key.name, key.source in _NAMED),
            ("segment", key.segment, key.source is KeySource.PATH),
            ("believe", key.believe is Believe.ANYONE, key.source is KeySource.HEADER),
        ):
            if is_there and not belongs:
                message = f"{field} has no meaning for a key from {source}"
                yield _Problem("conflict", (*path, field), message, "leave it out")
        if key.stand_in is not None and key.default is not None:
            message = "both or and default say what stands in"
            yield _Problem("conflict", (*path, "default"), message, "keep one of them")


def _headers(parts: Parts) -> Iterator[_Problem]:
    for path, key in parts.of(KeySpec):
        if key.source is KeySource.HEADER and key.name:
            yield from _header((*path, "name"), key.name, f"key '{path[-1]}'")
    for path, priority in parts.of(PrioritySpec):
        if priority.told_by is not None:
            name, place = priority.told_by.header, (*path, "level", "header")
            yield from _header(place, name, f"priority '{priority.name}'")
            if name in priority.match.header:
                message = f"{name} names the priority, and is matched besides"
                twice = (*path, "match", "header", name)
                yield _Problem("conflict", twice, message, "leave it out of match")
    for path, match in parts.match_drafts():
        # What rules refer to stands below, with all else that they do.
        for name in match.header if path[0] in {"routes", "priorities", "slo"} else ():
            yield from _header((*path, "match", "header", name), name)
    for path, rule in parts.rule_drafts():
        for use in rule.headers_used():
            where = "match" if use.at[0] == "match" else f"'{use.at[0]}'"
            yield from _header((*path, *use.at), use.name, what=where)


def _response_fields(parts: Parts) -> Iterator[_Problem]:
    for path, rule in parts.rule_drafts():
        for name in RESPONSE_KINDS.keys() & {*rule.response_fields()}:
            message = f"rules cannot refer to {name.decode()} of answers"
            hint = "it belongs to the connection or is written by the sidecar itself"
            yield _Problem("closed-header", path, message, hint)


def _header(path: Path, name: str, what: str = "match") -> Iterator[_Problem]:
    if not is_field_name(name):
        message = f"'{name}' is not the name of a header field"
        yield _Problem("bad-header-name", path, message, "write a name such as x-user-id")
        return
    reason = refusal_of_header(name)
    if reason:
        yield _Problem("closed-header", path, f"{what} cannot refer to {name}", reason)


def _timeouts(parts: Parts) -> Iterator[_Problem]:
    common = parts.one(TimeoutsSpec) or TimeoutsSpec()
    yield from _deadline(("timeouts",), common)
    if parts.one(TimeoutsSpec) is not None:
        yield from _per_try(("timeouts",), common.per_try, common.request)
    entries: list[tuple[Path, RouteSpec | UpstreamSpec]] = [
        *parts.of(RouteSpec),
        *parts.of(UpstreamSpec),
    ]
    for path, entry in entries:
        own = entry.timeouts
        yield from _deadline((*path, "timeouts"), own)
        yield from _per_try((*path, "timeouts"), own.per_try, own.request or common.request)


def _deadline(path: Path, spec: TimeoutsSpec) -> Iterator[_Problem]:
    if spec.deadline_header is not None:
        what = "'deadline_header'"
        if spec.deadline_header == "host":
            message = f"{what} cannot refer to host"
            hint = "it says where a request goes; write x-request-deadline"
            yield _Problem("closed-header", (*path, "deadline_header"), message, hint)
        yield from _header((*path, "deadline_header"), spec.deadline_header, what)


def _per_try(path: Path, per_try: float | None, request: float | None) -> Iterator[_Problem]:
    """Only what is written: a ``per_try`` left out is as long as the request at most."""
    whole = request if request is not None else Timeouts().request
    if per_try is not None and per_try > whole:
        message = f"per_try is {per_try:g}s, but the whole request may take {whole:g}s"
        hint = "make it shorter, or request longer"
        yield _Problem("per-try-too-long", (*path, "per_try"), message, hint)
