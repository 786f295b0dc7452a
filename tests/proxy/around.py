"""Rules around attempts for chains made by hand, and what is left of requests that used them."""

from __future__ import annotations

from typing import Any

from sidecar.model.policy import Mode, Rule
from sidecar.policies.retry import Retry, RetrySpec
from sidecar.ruleset.routes import Chain, Clause
from tests.policies.building import World
from tests.proxy.client import Answer
from tests.proxy.gates import Count, Told, step
from tests.proxy.harness import Proxy

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
