"""Fallbacks for tests: with an answer of their own, and with a second upstream."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from sidecar.model.outcome import Outcome
from sidecar.policies.fallback import Fallback
from sidecar.ruleset.routes import Chain, Clause, Timeouts
from tests.proxy.around import towards
from tests.proxy.gates import Told, step
from tests.proxy.harness import (
    Proxy,
    endpoint,
    proxy,
    rules_for,
    upstream,
)
from tests.proxy.planned import RESET, answer

STATIC = {"serve": "static", "body": {"json": {"stock": "unknown"}}}
ELSEWHERE = {"serve": "upstream", "upstream": "other", "timeout": "400ms"}
TIMEOUTS = Timeouts(request=10, per_try=5)
FAIL = {"error": answer(500, b"oh"), "reset": RESET, "garbage": b"no HTTP\r\n\r\n"}


def chain(*clauses: Clause[Fallback], gate: Told | None = None, **more: Any) -> Chain:
    return Chain(enforced=(step(gate),) if gate else (), fallbacks=clauses, **more)


def outcomes(gate: Told) -> list[Outcome]:
    """What the gate was told, request by request: once for each ticket."""
    settled = [entry for entry in gate.log if entry[1] == "settle"]
    tickets = [entry[2] for entry in settled]
    assert len(set(tickets)) == len(tickets) == gate.tickets
    return [one for entry in settled for one in entry[3:] if isinstance(one, Outcome)]


def outcome(gate: Told) -> Outcome:
    """The same of the only request."""
    (told,) = outcomes(gate)
    return told


@contextlib.asynccontextmanager
async def two(
    first: Any, second: Any, rules_of: Chain, other: Chain | None = None
) -> AsyncIterator[Proxy]:
    """A proxy in front of two upstreams; requests go to the first."""
    async with upstream(first) as one, upstream(second) as another:
        rules = rules_for([endpoint(one)], chain=rules_of, timeouts=TIMEOUTS)
        async with proxy(towards(rules, another, other)) as running:
            yield running
