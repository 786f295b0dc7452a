"""From a checked rule file to the rules that the data path uses; pure, no files and no clock.

``compile_rules`` makes everything anew but for endpoints that stay the same, with the connections
kept to them; ``adopt`` then hands each gate the state of its predecessor, at the moment of the
swap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import PurePath
from typing import Any

from sidecar.algorithms.globs import Globs
from sidecar.algorithms.networks import Networks
from sidecar.cluster.balancer import balancer
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress, UpstreamTls
from sidecar.cluster.health import Health
from sidecar.cluster.lookup import Lookup
from sidecar.cluster.pool import PoolSettings
from sidecar.model.addresses import Address, Network
from sidecar.model.policy import Key, Mode, Rule, Stage
from sidecar.model.spec import RuleSpec
from sidecar.policies.token import TokenCheck, Tokens
from sidecar.ruleset.chains import Chains, Governed
from sidecar.ruleset.directions import Directions
from sidecar.ruleset.document import Document
from sidecar.ruleset.keys import (
    compile_keys,
    fields_referred_to,
    response_fields_referred_to,
)
from sidecar.ruleset.matching import compile_match
from sidecar.ruleset.routes import Clause, RuleSet, Step, Trust
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.sections import TrustSpec, UpstreamSpec
from sidecar.ruleset.surroundings import Context, Surroundings
from sidecar.ruleset.telemetry_sections import Propagation, TracesSpec
from sidecar.ruleset.tokens import TOKEN_RULE, compile_tokens
from sidecar.ruleset.traces import compile_traces, formats_of
from sidecar.ruleset.trust_sections import CertificateSpec
from sidecar.wire.names import RESPONSE_KINDS, NameTable
from sidecar.wire.propagation import request_kinds


def compile_rules(
    file: RuleFile, document: Document, surroundings: Surroundings, previous: RuleSet | None
) -> RuleSet:
    """The live rules of ``file``, which was checked."""
    tokens = _tokens(file, surroundings, previous)
    keys = compile_keys(file, tokens)
    clusters = _clusters(file, surroundings, previous)
    built = [
        *_token_rule(tokens, document, surroundings),
        *_built(file, document, keys, surroundings),
    ]
    wall = surroundings.wall()
    chains = Chains(_governed(built, keys, surroundings, wall))
    directions = Directions(file, clusters, chains, keys, surroundings.count_of_objective)
    strangers = directions.strangers(previous.strangers if previous is not None else None)
    watched, identity = fields_referred_to(file)
    kinds = request_kinds(formats_of(file.telemetry.traces))
    return RuleSet(
        version=_version(document),
        service=file.service,
        routes=directions.routes,
        towards=directions.towards,
        clusters=clusters,
        policies={(rule.kind, rule.name): policy for _, rule, policy in built},
        rules={(rule.kind, rule.name): rule for _, rule, _ in built},
        trust=_trust(file.trust),
        listeners=directions.listeners(strangers, surroundings.local_ports(file)),
        windows={
            (rule.kind, rule.name): spec.window
            for spec, rule, _ in built
            if spec.active is not None
        },
        settled_at=wall,
        names_believed=NameTable(kinds, watched=watched | identity),
        names_unbelieved=NameTable(
            kinds, watched=watched, removed=identity | _of_callers(file.telemetry.traces)
        ),
        tokens=tokens,
        response_names=NameTable(RESPONSE_KINDS, watched=response_fields_referred_to(file)),
        traces=compile_traces(file.telemetry.traces),
        strangers=strangers,
    )


def adopt(rules: RuleSet, previous: RuleSet, now: float) -> None:
    """Let every rule go on with the state of the one that had its kind and name."""
    for name, policy in rules.policies.items():
        predecessor = previous.policies.get(name)
        if predecessor is not None and type(predecessor) is type(policy):
            policy.adopt(predecessor, now)


def _of_callers(spec: TracesSpec) -> frozenset[bytes]:
    """What goes on with a trace and is a caller's to say, like the fields of identity."""
    return frozenset({b"baggage"} if Propagation.BAGGAGE in spec.propagate else ())


def _version(document: Document) -> str:
    """Tells rule sets apart at a glance; the same for the same text."""
    text = "\n".join(document.lines).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:12]


# --- upstreams


def _clusters(
    file: RuleFile, surroundings: Surroundings, previous: RuleSet | None
) -> dict[str, Cluster]:
    clusters = {}
    for name, spec in file.upstreams.items():
        before = previous.clusters.get(name) if previous is not None else None
        known = before.endpoints if before is not None else ()
        endpoints = tuple(
            _endpoint(spec, surroundings.settled(address), surroundings.base, known)
            for address in spec.addresses
        )
        health = before.health if before is not None else Health(name, surroundings.notify_beside)
        balance = balancer(spec.balance.value, surroundings.chance)
        clusters[name] = cluster = Cluster(name, endpoints, balance, health)
        cluster.lookup = _lookup(spec, surroundings.base)
        if before is not None and cluster.lookup is not None:
            cluster.endpoints = _found_before(cluster.lookup, before)
        cluster.eject = spec.eject.settings if spec.eject is not None else None
        cluster.checks = spec.health.settings if spec.health is not None else None
    return clusters


def _endpoint(
    spec: UpstreamSpec, address: Address, base: PurePath, known: tuple[Endpoint, ...]
) -> Endpoint:
    where = EndpointAddress(address.host, address.port, _resolved(address.path, base))
    pool, tls = _connecting(spec, address.host, base)
    for endpoint in known:
        if endpoint.serves(where, tls, pool):
            return endpoint
    return Endpoint(where, tls, pool)


def _lookup(spec: UpstreamSpec, base: PurePath) -> Lookup | None:
    if spec.dns is None:
        return None
    pool, tls = _connecting(spec, spec.dns.removesuffix("."), base)
    return Lookup(spec.dns, spec.port or 0, spec.refresh, tls, pool)


def _found_before(lookup: Lookup, before: Cluster) -> tuple[Endpoint, ...]:
    """What the same name stood for when it was looked up last."""
    if not lookup.asks_the_same(before.lookup):
        return ()
    return lookup.endpoints([one.address.host for one in before.endpoints], before.endpoints)


def _connecting(
    spec: UpstreamSpec, host: str, base: PurePath
) -> tuple[PoolSettings, UpstreamTls | None]:
    """How connections to an upstream are made; ``host`` is who is expected at the other end."""
    pool = PoolSettings(**spec.pool.model_dump())
    return pool, _upstream_tls(spec, host, base) if spec.speaks_tls else None


def _upstream_tls(spec: UpstreamSpec, host: str, base: PurePath) -> UpstreamTls:
    tls = spec.tls
    if tls is None:
        return UpstreamTls(host)
    return UpstreamTls(
        server_name=tls.server_name or host,
        ca=_resolved(tls.ca, base),
        cert=_resolved(tls.cert, base),
        key=_resolved(tls.key, base),
        verify=tls.verify,
    )


def _resolved(path: str, base: PurePath) -> str:
    """A path of the rule file, which is relative to it."""
    return str(base / path) if path else ""


# --- rules


#: A rule as written, as it is in force, and its live form.
_Built = tuple[RuleSpec, Rule, Any]


def _built(
    file: RuleFile, document: Document, keys: Mapping[str, Key], surroundings: Surroundings
) -> list[_Built]:
    """Every rule in the order of the chain.

    What the file disables is as if it were not there. A rule that operators disable for a while
    is made all the same, so that its state outlives the time in which it rests.
    """
    built: list[_Built] = []
    for path, spec in file.rules:
        written = spec.rule(f"{document.name}:{document.span(path).line}")
        rule = surroundings.controls.in_force(written)
        if rule.mode is Mode.DISABLED and written.mode is Mode.DISABLED:
            continue
        built.append((spec, rule, spec.build(Context(rule, keys, surroundings))))
    built.sort(key=lambda one: one[2].stage)  # stable: within a stage as written
    return built


def _tokens(file: RuleFile, surroundings: Surroundings, previous: RuleSet | None) -> Tokens | None:
    ca = _resolved(file.trust.jwt.jwks.ca, surroundings.base) if file.trust.jwt else ""
    tokens = compile_tokens(file, surroundings.files, previous, ca)
    if tokens is not None:
        tokens.advance(surroundings.wall())
    return tokens


def _token_rule(
    tokens: Tokens | None, document: Document, surroundings: Surroundings
) -> list[_Built]:
    """The rule that follows from ``trust.jwt``; operators change its mode like any other's."""
    if tokens is None:
        return []
    line = document.name_span(("trust", "jwt")).line
    written = TOKEN_RULE.rule(f"{document.name}:{line}")
    return [(TOKEN_RULE, surroundings.controls.in_force(written), TokenCheck(tokens))]


def _governed(
    built: list[_Built], keys: Mapping[str, Key], surroundings: Surroundings, wall: float
) -> list[Governed]:
    """What each rule that is neither disabled nor outside of its window holds for."""
    return [
        Governed(
            step=_clause(spec, rule, policy, order, keys, surroundings),
            routes=frozenset(spec.match.route),
            paths=spec.match.path,
            any_reading=spec.any_reading,
            upstreams=frozenset(spec.upstream),
        )
        for order, (spec, rule, policy) in enumerate(built)
        if rule.mode is not Mode.DISABLED and spec.window.is_open(wall)
    ]


def _clause(
    spec: RuleSpec,
    rule: Rule,
    policy: Any,
    order: int,
    keys: Mapping[str, Key],
    surroundings: Surroundings,
) -> Clause[Any]:
    matches = compile_match(spec.match, keys)
    kind = Step if policy.stage < Stage.RETRY else Clause
    return kind(rule, policy, matches, surroundings.count_of(rule), order)


# --- trust


def _trust(spec: TrustSpec) -> Trust:
    return Trust(
        proxies=Networks(_networks(spec.proxies)),
        callers=Networks(_networks(spec.callers)),
        certificates=_certificates(spec),
        unix_is_proxy="unix" in spec.proxies,
        unix_is_caller="unix" in spec.callers,
        disclose=spec.disclose.value,
        keep_escaped_slash=spec.paths.escaped_slash.value == "keep",
    )


def _networks(peers: Iterable[object]) -> list[Network]:
    return [peer for peer in peers if isinstance(peer, IPv4Network | IPv6Network)]


def _certificates(spec: TrustSpec) -> Globs | None:
    names = [one.certificate for one in spec.callers if isinstance(one, CertificateSpec)]
    # Names of hosts have no case; URIs such as SPIFFE's do.
    return Globs(name if "://" in name else name.lower() for name in names) if names else None
