"""What a rule file that is right in itself probably does not mean. Only what is certain is said."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from sidecar.model.addresses import Address
from sidecar.model.policy import Mode
from sidecar.ruleset.alert_lint import lint_alerts
from sidecar.ruleset.capacity_lint import lint_capacity
from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.document import Document
from sidecar.ruleset.keys import ORDINARY, is_identity
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.overlap import hidden_routes, pointless_limits
from sidecar.ruleset.places import Places
from sidecar.ruleset.schema import OTHER, RuleFile
from sidecar.ruleset.slo_lint import lint_objectives
from sidecar.ruleset.timeouts import endless_waits, never_slow

#: A burst beyond this much time's worth of the limit, and beyond ten of its periods, is no burst.
_BURST_SECONDS = 60.0
_BURST_PERIODS = 10
#: RFC 9110 and the IANA registry of methods, as far as they are met.
_REGISTERED = frozenset({
    "ACL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "DELETE", "GET", "HEAD", "LABEL", "LINK",
    "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
    "OPTIONS", "ORDERPATCH", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE", "PUT", "QUERY",
    "REBIND", "REPORT", "SEARCH", "TRACE", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE",
    "UPDATEREDIRECTREF", "VERSION-CONTROL",
})  # fmt: skip
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})


def lint(file: RuleFile, document: Document) -> list[Diagnostic]:
    """Warnings about ``file``, which was checked and has no error."""
    place = Places(document)
    return [
        *_trust(file, place),
        *_listener(file, place),
        *_outbound(file, place),
        *_unused(file, place),
        *_routes(file, place),
        *_rules(file, place),
        *_access(file, place),
        *_limits(file, place),
        *_waits(file, place),
        *_breakers(file, place),
        *_methods(file, place),
        *_ejections(file, place),
        *_tls(file, place),
        *lint_capacity(file, place),
        *lint_objectives(file, place),
        *lint_alerts(file, place),
    ]


def _trust(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for name, key in file.keys.items():
        if not is_identity(key):
            continue
        path: Path = ("keys", name, "name")
        if key.field_name in ORDINARY:
            message = f"{key.name} is removed from requests of all but trust.callers"
            hint = "write believe: anyone for what clients present themselves"
            yield place.value("removed-header", path, message, hint)
        elif not file.trust.callers:
            message = f"{key.name} is removed from every request, because nobody is trusted"
            hint = "say in trust.callers who may send it, or write believe: anyone"
            yield place.value("nobody-trusted", path, message, hint)
    yield from _costs(file, place)
    for field in ("proxies", "callers"):
        for index, peer in enumerate(getattr(file.trust, field)):
            if isinstance(peer, IPv4Network | IPv6Network) and peer.prefixlen == 0:
                message = f"{peer} believes whatever anybody claims"
                hint = "name the networks that you control"
                yield place.value("everybody-trusted", ("trust", field, index), message, hint)


def _costs(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """What only callers are believed about, beside keys."""
    believed = {key.field_name for key in file.keys.values() if not is_identity(key)}
    for path, rule in file.rules:
        for use in rule.headers_used():
            believes_nobody = use.of_callers and not file.trust.callers
            if believes_nobody and use.name.encode("ascii") not in believed | ORDINARY:
                message = f"{use.name} is removed from every request, because nobody is trusted"
                hint = "say in trust.callers who may send it"
                yield place.value("nobody-trusted", (*path, *use.at), message, hint)


def _listener(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    inbound, path = file.listeners.inbound, ("listeners", "inbound")
    if inbound.bind.host in _WILDCARDS and "trust" not in file.model_fields_set:
        message = f"{inbound.bind} is reachable from everywhere, and no peer is trusted"
        hint = "behind a load balancer, all clients look like it until trust.proxies names it; "
        hint += "write trust: {} if clients come directly"
        yield place.value("open-bind", (*path, "bind"), message, hint)
    limits = inbound.limits
    written = limits.model_fields_set
    if "request_line" in written and limits.request_line > limits.header_bytes:
        message = "header_bytes, which counts the request line too, is always reached first"
        yield place.value("pointless-limit", (*path, "limits", "request_line"), message)
    one_client = limits.connections_per_client
    if "connections_per_client" in written and one_client > limits.connections:
        message = "connections is always reached first"
        yield place.value("pointless-limit", (*path, "limits", "connections_per_client"), message)


def _outbound(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Whoever reaches these ports is taken for the service itself."""
    outbound = file.listeners.outbound
    ports: list[tuple[Path, Address]] = [
        (("upstreams", name, "local"), spec.local)
        for name, spec in file.upstreams.items()
        if spec.local is not None
    ]
    if outbound is not None:
        ports.append((("listeners", "outbound", "bind"), outbound.bind))
    for path, bind in ports:
        if bind.host and not ip_address(bind.host).is_loopback:
            message = f"whoever reaches {bind} is believed as the service is, and calls as it does"
            yield place.value("open-bind", path, message, f"listen on 127.0.0.1:{bind.port}")
    for name, spec in file.upstreams.items():
        if spec.hosts and outbound is None:
            message = f"no request names upstream '{name}' by host"
            hint = "add listeners.outbound, at which the service calls by host"
            yield place.name("unused", ("upstreams", name, "hosts"), message, hint)


def _upstreams_in_use(file: RuleFile) -> set[str]:
    """Those that requests can be sent to, from whichever side."""
    arriving = {
        file.listeners.inbound.to,
        *(one.upstream for one in file.routes if one.upstream and one.arrives),
    }
    standing_in = {step.upstream for rule in file.fallbacks for step in rule.steps if step.upstream}
    return arriving | standing_in | _called(file)


def _called(file: RuleFile) -> set[str]:
    """Those that the service can call by name."""
    if file.listeners.outbound is not None:
        return set(file.upstreams)
    return {name for name, spec in file.upstreams.items() if spec.local is not None}


def _unused(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    in_use = _upstreams_in_use(file)
    for name in file.upstreams:
        if name not in in_use:
            message = f"nothing is sent to upstream '{name}'"
            hint = (
                "name it in a route's upstream, or let the service call it: add listeners.outbound"
            )
            yield place.name("unused", ("upstreams", name), message, hint)
    keys = {key.stand_in for key in file.keys.values()}
    keys.update(name for _, match in file.matches for name in match.keys)
    keys.update(use.name for _, rule in file.rules for use in rule.keys_used())
    for name, key in file.keys.items():
        # An identity header is removed from strangers' requests even if no rule asks for it.
        if name not in keys and not is_identity(key):
            yield place.name("unused", ("keys", name), f"no rule asks for key '{name}'")


def _routes(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for number, earlier in hidden_routes(file.routes):
        route, first = file.routes[number], file.routes[earlier]
        if not ((route.arrives and first.arrives) or (route.leaves and first.leaves)):
            continue
        message = f"route '{first.name}' takes every request of route '{route.name}'"
        hint = f"put '{route.name}' above it"
        yield place.value("never-fires", ("routes", number, "name"), message, hint)


def _rules(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    in_use = _upstreams_in_use(file)
    to = file.listeners.inbound.to
    upstreams_of = {one.name: {one.upstream or to} for one in file.routes}
    upstreams_of[OTHER] = {to, *_called(file)}
    for path, rule in file.rules:
        if rule.mode is Mode.DISABLED or not rule.upstream:
            continue
        reached = set[str]().union(*(upstreams_of[name] for name in rule.match.route)) or in_use
        if not reached & set(rule.upstream):
            named = ", ".join(rule.upstream)
            message = f"'{rule.name}' never fires: nothing that it matches goes to {named}"
            yield place.name("never-fires", (*path, "upstream"), message)


def _access(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """A route is chosen by one reading of the path; access rules by path hold for all."""
    for index, rule in enumerate(file.access):
        if rule.match.route and not rule.match.path and rule.mode is not Mode.DISABLED:
            path: Path = ("access", index, "match", "route")
            message = f"'{rule.name}' does not hold for other spellings of the path, such as //"
            hint = "match by path: access rules hold for every reading of it"
            yield place.name("bound-to-route", path, message, hint)


def _limits(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for index, limit in enumerate(file.rate_limits):
        path: Path = ("rate_limits", index)
        rate = limit.limit
        sensible = max(_BURST_SECONDS * rate.per_second, _BURST_PERIODS * rate.amount)
        if limit.burst_tokens > sensible:
            seconds = limit.burst_tokens / rate.per_second
            message = f"burst {limit.burst_tokens:g} is what the limit lets through in {seconds:g}s"
            hint = "a burst beyond a minute's worth hardly limits anything"
            yield place.value("burst-above-limit", (*path, "burst"), message, hint)
    for loose, strict in pointless_limits(file.rate_limits):
        name, by = file.rate_limits[loose].name, file.rate_limits[strict].name
        line = place.line(("rate_limits", strict))
        message = f"'{name}' never refuses: '{by}' (line {line}) is reached first"
        yield place.value("shadowed-limit", ("rate_limits", loose, "limit"), message)


def _waits(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for path, request in endless_waits(file):
        message = f"nobody waits that long: a request may take {request:g}s"
        hint = "make it shorter than timeouts.request, which ends the waiting too"
        yield place.value("pointless-limit", path, message, hint)


def _breakers(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for path, per_try in never_slow(file):
        message = f"no answer takes that long: a try may take {per_try:g}s"
        hint = "make it shorter than timeouts.per_try; only tries that time out count so far"
        yield place.value("pointless-limit", path, message, hint)


def _methods(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for path, match in file.matches:
        for index, method in enumerate(match.method):
            if method not in _REGISTERED:
                where: Path = (*path, "match", "method", index)
                message = f"{method} is no registered method"
                yield place.value("unusual-method", where, message, "check its spelling")


def _ejections(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for name, upstream in file.upstreams.items():
        known = len(upstream.addresses)
        if upstream.eject is not None and known and not upstream.eject.settings.may_be_out(known):
            share = f"{100 * upstream.eject.at_most:g}%"
            message = f"nothing is ever ejected: {share} of {known} is none"
            hint = "allow more in at_most, or leave eject out"
            yield place.name("pointless-limit", ("upstreams", name, "eject"), message, hint)


def _tls(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    keys = urlsplit(file.trust.jwt.jwks.url if file.trust.jwt is not None else "")
    if keys.scheme == "http" and keys.hostname not in _LOOPBACK:
        message = f"whoever answers for {keys.hostname} makes tokens that are believed"
        where: Path = ("trust", "jwt", "jwks", "url")
        yield place.value("unverified-tls", where, message, "write https://")
    for name, upstream in file.upstreams.items():
        if upstream.tls is not None and not upstream.tls.verify:
            message = f"whoever answers at its address is taken for upstream '{name}'"
            hint = "name the authority of its certificate in ca instead"
            yield place.name("unverified-tls", ("upstreams", name, "tls", "verify"), message, hint)
    search = file.telemetry.elasticsearch
    if search is not None and not search.verify:
        message = "whoever answers for Elasticsearch is told everything, and who may write to it"
        hint = "name the authority of its certificate in ca instead"
        where = ("telemetry", "elasticsearch", "verify")
        yield place.name("unverified-tls", where, message, hint)
