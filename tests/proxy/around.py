"""Rules around attempts for chains made by hand, and what is left of requests that used them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster
from sidecar.model.policy import Mode, Rule
from sidecar.policies.fallback import Fallback, FallbackSpec
from sidecar.policies.retry import Retry, RetrySpec
from sidecar.ruleset.routes import Chain, Clause, Route, RuleSet, Timeouts
from tests.policies.building import World
from tests.proxy.client import Answer
from tests.proxy.gates import Count, Told, step
from tests.proxy.harness import Proxy, endpoint

ON = ["connect_failure", "reset", "timeout", 503]


def retries(*, mode: Mode = Mode.ENFORCE, name: str = "again", **fields: Any) -> Clause[Retry]:
    quick = {"first": "1ms", "at_most": "1ms", "jitter": "none"}
    spec = RetrySpec.model_validate({"name": name, "on": ON, "backoff": quick, **fields})
    rule = Rule("retries", name, mode, "test:1")
    return Clause(rule, spec.build(World().context(kind="retries")), None, Count(), 0)


def chain(*clauses: Clause[Retry], gate: Told | None = None) -> Chain:
    return Chain(enforced=(step(gate),) if gate else (), retries=clauses)


async def ask(running: Proxy, raw: bytes, method: str = "GET") -> Answer:
    client = await running.connect()
    await client.send(raw)
    return await client.answer(method)


def readings(clause: Clause[Retry]) -> dict[str, float]:
    return {one.label: one.value for one in clause.policy.readings(0.0) if one.value}


def is_at_rest(running: Proxy) -> bool:
    """Whether nothing is being tried again, and no request is counted anywhere."""
    load = running.engine.retry_load("app")
    endpoints = running.engine.rules.clusters["app"].endpoints
    busy = [one.in_flight or one.pool.pending for one in endpoints]
    return (load.retrying, load.resting) == (0, 0) and not any(busy)


def fallback(
    *steps: dict[str, Any],
    mode: Mode = Mode.ENFORCE,
    name: str = "stock",
    world: World | None = None,
    **fields: Any,
) -> Clause[Fallback]:
    written = {"name": name, "try": list(steps), **fields}
    if not {"when", "switch"} & fields.keys():
        written["when"] = "any"
    spec = FallbackSpec.model_validate(written)
    policy = spec.build((world or World()).context(kind="fallbacks", name=name))
    return Clause(Rule("fallbacks", name, mode, "test:1"), policy, None, Count(), 0)


def degraded(clause: Clause[Fallback]) -> dict[str, float]:
    """Which steps have answered, and how trials have ended."""
    return {one.label: one.value for one in clause.policy.readings(0.0) if one.value}


def towards(rules: RuleSet, port: int | None, chain: Chain | None = None) -> RuleSet:
    """The same rules with one more upstream, ``other``."""
    endpoints = () if port is None else (endpoint(port),)
    cluster = Cluster("other", endpoints, Balancer())
    route = Route("other", cluster, Timeouts(request=10, per_try=5))
    route.chain = chain or Chain()
    clusters = {**rules.clusters, "other": cluster}
    return replace(rules, towards={"other": route}, clusters=clusters)
