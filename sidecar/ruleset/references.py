"""Whether every name that a rule file mentions is declared in it, and means one thing only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import inf

from sidecar.model.reading import closest
from sidecar.model.spec import MatchSpec
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.listener_sections import ListenersSpec
from sidecar.ruleset.nodes import Mapping, Path, Scalar, Sequence
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.schema import OTHER, RULE_KINDS, fields_of
from sidecar.ruleset.sections import KeySource, KeySpec, PrioritySpec, RouteSpec

#: Fields of `match`, which a key of that name would hide.
_RESERVED = frozenset(fields_of(MatchSpec)) - {"client_ip"}
#: How many keys may stand in for one another in a row.
_STAND_INS_AT_MOST = 8
_KIND_WORDS = {"upstreams": "upstream", "keys": "key", "routes": "route", "switches": "switch"}


def check_references(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every mention of an upstream, a key or a route that means nothing, or two things."""
    return [
        *_upstreams(parts, document),
        *_keys(parts, document),
        *_routes(parts, document),
        *_repeated_names(document),
        *_reserved_names(parts, document),
        *_cycles(parts, document),
    ]


def _upstreams(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    mentions: list[tuple[str, Path]] = []
    for path, listeners in parts.drafts_of(ListenersSpec):
        inbound = getattr(listeners, "inbound", None)
        if inbound is not None:
            # Pointed at where it stands, or at the listener when it is the default.
            mentions.append((inbound.to, (*path, "inbound", "to")))
    for path, route in parts.drafts_of(RouteSpec):
        if route.upstream is not None:
            mentions.append((route.upstream, (*path, "upstream")))
    for path, rule in parts.rule_drafts():
        mentions += [(name, (*path, "upstream", i)) for i, name in enumerate(rule.upstream)]
    yield from undeclared("upstreams", mentions, parts, document)


def _keys(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    mentions: list[tuple[str, Path]] = []
    for path, key in parts.drafts_of(KeySpec):
        if key.stand_in is not None:
            mentions.append((key.stand_in, (*path, "or")))
    for path, rule in parts.rule_drafts():
        # A kind may need what is missing in a draft to tell its keys.
        with suppress(AttributeError):
            mentions += [(use.name, (*path, *use.at)) for use in rule.keys_used()]
    for path, match in parts.match_drafts():
        if path[0] in {"priorities", "slo"}:
            mentions += [(name, (*path, "match", name)) for name in match.keys]
    yield from undeclared("keys", mentions, parts, document)


def _routes(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, route in parts.drafts_of(RouteSpec):
        if route.match.route:
            message = "a route cannot match by route"
            span = document.name_span((*path, "match", "route"))
            yield finding("conflict", message, document.name, span, "match by path or method")
        yield from _not_yet_known(path, route, "a route", document)
    for path, priority in parts.drafts_of(PrioritySpec):
        yield from _not_yet_known(path, priority, "a priority", document)
    mentions = [
        (name, (*path, "match", "route", index))
        for path, match in parts.match_drafts()
        if path[0] != "routes"
        for index, name in enumerate(match.route)
        if name != OTHER
    ]
    yield from undeclared("routes", mentions, parts, document)


def _not_yet_known(
    path: Path, entry: RouteSpec | PrioritySpec, what: str, document: Document
) -> Iterator[Diagnostic]:
    """Priorities are given when the route is known, so neither can ask for one."""
    if entry.match.priority:
        message = f"{what} cannot match by priority, which is given later"
        span = document.name_span((*path, "match", "priority"))
        yield finding("conflict", message, document.name, span, "match by path, header or caller")


def undeclared(
    section: str, mentions: list[tuple[str, Path]], parts: Parts, document: Document
) -> Iterator[Diagnostic]:
    """The mentions of names that ``section`` does not declare."""
    declared, word = parts.names[section], _KIND_WORDS[section]
    known = frozenset(declared)
    for name, path in mentions:
        if name in known:
            continue
        meant = closest(name, declared)
        if meant is not None:
            hint = f"did you mean {meant}?"
        else:
            hint = f"declared: {', '.join(declared)}" if declared else f"declare it in {section}"
        message = f"no {word} is called '{name}'"
        yield finding(f"unknown-{word}", message, document.name, document.span(path), hint)


def _repeated_names(document: Document) -> Iterator[Diagnostic]:
    """In lists; that a name is unique in a map is what duplicate keys are about."""
    for section in ("routes", "priorities", "slo", "alerts", *RULE_KINDS):
        first: dict[str, int] = {}
        entries = document.root.fields.get(section) if document.root is not None else None
        for entry in entries.items if isinstance(entries, Sequence) else ():
            name = entry.fields.get("name") if isinstance(entry, Mapping) else None
            if not isinstance(name, Scalar) or not isinstance(name.value, str):
                continue
            if name.value in first:
                message = f"two {section} are called '{name.value}' (first on line "
                message += f"{first[name.value]})"
                yield finding("duplicate-name", message, document.name, name.span, "rename one")
            first.setdefault(name.value, name.span.line)


def _reserved_names(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, key in parts.of(KeySpec):
        name = str(path[-1])
        span = document.name_span(path)
        if name in _RESERVED:
            message = f"a key cannot be called '{name}', which is a field of match"
            yield finding("reserved-name", message, document.name, span, f"try {name}-key")
        elif name == "client_ip" and key.source is not KeySource.CLIENT_ADDRESS:
            message = "client_ip always means the address of the client"
            hint = "rename the key, or write from: client.address"
            yield finding("reserved-name", message, document.name, span, hint)
    for path, route in parts.drafts_of(RouteSpec):
        if getattr(route, "name", "") == OTHER:
            message = f"'{OTHER}' is what no route matches"
            span = document.span((*path, "name"))
            yield finding("reserved-name", message, document.name, span, "rename the route")


def _cycles(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    """Circles, and rows so long that reading a value would take longer than it is worth."""
    drafts = parts.drafts_of(KeySpec)
    stand_ins = {str(path[-1]): key.stand_in for path, key in drafts if key.stand_in}
    #: Keys looked at, and how many stand in for each; endless in a circle.
    lengths: dict[str, float] = {}
    for start in stand_ins:
        row: dict[str, None] = {}
        following: str | None = start
        while following in stand_ins and following not in lengths and following not in row:
            row[following] = None
            following = stand_ins[following]
        if following in row:
            circle = [*row][[*row].index(following) :]
            lengths |= dict.fromkeys(row, inf)
            message = f"these keys stand in for each other: {' → '.join([*circle, circle[0]])}"
            yield _of_key(document, circle[0], message, "end the chain with default:")
        for name in reversed([*row]):
            if name not in lengths:
                lengths[name] = lengths.get(stand_ins[name], 0) + 1
                if lengths[name] == _STAND_INS_AT_MOST + 1:
                    message = f"more than {_STAND_INS_AT_MOST} keys stand in for '{name}' in a row"
                    yield _of_key(document, name, message, "end the chain with default:")


def _of_key(document: Document, name: str, message: str, hint: str) -> Diagnostic:
    return finding("key-cycle", message, document.name, document.span(("keys", name, "or")), hint)
