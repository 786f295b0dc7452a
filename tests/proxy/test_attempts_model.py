"""Whatever upstreams do and rules around attempts say: one answer, each gate is told once.

Two upstreams do one thing after another; retries and fallbacks stand in any combination. The
client's pipeline gets exactly one whole answer for each request, in order, and nothing is left.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Mode, Stage
from sidecar.model.verdict import LocalReply, Respond
from sidecar.ruleset.routes import Chain
from tests.proxy.around import fallback, is_at_rest, retries, towards
from tests.proxy.fallbacks import TIMEOUTS, outcomes
from tests.proxy.gates import Told, step
from tests.proxy.harness import endpoint, proxy, request, rules_for, upstream
from tests.proxy.loops import LOOPS
from tests.proxy.planned import RESET, Plan, answer

#: What an upstream does with a request. None of it breaks off an answer of the 2xx, for that the
#: client would have to see.
STEPS = [
    answer(200, b"fine"),
    answer(404, b"gone"),
    answer(429, b"slow"),
    answer(500, b"oh"),
    answer(503, b"busy", "Retry-After: 0"),
    answer(503, b"busy", "Retry-After: 99"),
    b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n",
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
    b"HTTP/1.1 103 X\r\n\r\n" + answer(500, b"oh"),
    b"no HTTP\r\n\r\n",
    RESET,
]
STATIC = {"serve": "static", "body": {"text": "degraded"}}
ELSEWHERE = {"serve": "upstream", "upstream": "other"}
REQUESTS = {
    "GET": request("/", close=False),
    "HEAD": request("/", method="HEAD", close=False),
    "PUT": request("/", "Content-Length: 5", method="PUT", body=b"hello", close=False),
    "POST": request(
        "/", "Transfer-Encoding: chunked", method="POST", close=False,
        body=b"5\r\nhello\r\n0\r\n\r\n",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A run: what is asked, what the upstreams do, and the rules."""

    asked: tuple[str, ...]
    mine: tuple[bytes, ...]
    theirs: tuple[bytes, ...]
    on: tuple[Any, ...]
    at_most: int
    steps: tuple[Any, ...]
    when: str
    exercise: str
    shadows: bool
    refused: str
    theirs_refuses: bool


worlds = st.builds(
    World,
    asked=st.lists(st.sampled_from([*REQUESTS]), min_size=1, max_size=4).map(tuple),
    mine=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8).map(tuple),
    theirs=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8).map(tuple),
    on=st.sampled_from([(), ("5xx",), ("reset", 503), ("5xx", "reset", "connect_failure", 429)]),
    at_most=st.integers(1, 3),
    steps=st.sampled_from([(), (STATIC,), (ELSEWHERE,), (ELSEWHERE, STATIC), (ELSEWHERE,) * 2]),
    when=st.sampled_from(["any", "upstream_5xx", "breaker_open"]),
    exercise=st.sampled_from(["0%", "100%"]),
    shadows=st.booleans(),
    refused=st.sampled_from(["", "", "breaker_open", "access_denied"]),
    theirs_refuses=st.booleans(),
)


def chain_of(world: World, gate: Told, *, shadows: bool) -> Chain:
    retried = (retries(on=[*world.on], at_most=world.at_most),) if world.on else ()
    steps = [dict(one) for one in world.steps]
    fields = {"when": world.when, "exercise": world.exercise}
    degraded = (fallback(*steps, **fields),) if steps else ()  # type: ignore[arg-type]  # as written in a file
    if shadows:
        retried = (retries(name="shadow", on=["5xx", "reset"], mode=Mode.SHADOW), *retried)
        degraded = (fallback(STATIC, name="shadow", mode=Mode.SHADOW), *degraded)
    return Chain(enforced=(step(gate),), retries=retried, fallbacks=degraded)


async def run(world: World, *, shadows: bool) -> list[tuple[int, bytes, bytes | None]]:
    """The answers that the client got, with all else that must hold checked."""
    mine, theirs = Plan.of(*world.mine), Plan.of(*world.theirs)
    gate, other = Told(stage=Stage.BREAKER), Told(name="theirs", stage=Stage.BREAKER)
    if world.refused:
        gate.answers = Respond(LocalReply(503, world.refused, "no"))
    if world.theirs_refuses:
        other.answers = Respond(LocalReply(503, "breaker_open", "no"))
    async with upstream(mine) as one, upstream(theirs) as another:
        rules = rules_for(
            [endpoint(one)], chain=chain_of(world, gate, shadows=shadows), timeouts=TIMEOUTS,
            answers=frozenset({b"retry-after"}),
        )  # fmt: skip
        async with proxy(towards(rules, another, Chain((step(other),)))) as running:
            client = await running.connect()
            await client.send(b"".join(REQUESTS[method] for method in world.asked))
            answers = [await client.answer(method) for method in world.asked]
            assert not running.engine.exchanges
            assert is_at_rest(running)
            records = running.records
    assert len(records) == len(world.asked)
    for record, seen in zip(records, answers, strict=True):
        assert record.status == seen.status
        assert bool(record.fallback) is (seen.get("x-degraded") is not None)
    for one_gate in (gate, other):
        # Once for each ticket; as it was, whatever the client was given.
        assert len(outcomes(one_gate)) == one_gate.tickets
    assert gate.tickets == (0 if world.refused else len(world.asked))
    whole = {b"hello", b""}
    assert {*mine.bodies, *theirs.bodies} <= whole
    return [(one.status, one.body, one.get("x-degraded")) for one in answers]


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@given(world=worlds)
def test_there_is_one_answer_and_each_gate_is_told_once(loop: Any, world: World) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run(world, shadows=world.shadows))


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@given(world=worlds.filter(lambda world: world.exercise == "0%"))
def test_rules_in_shadow_change_no_answer(loop: Any, world: World) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        plain = runner.run(run(world, shadows=False))
    with asyncio.Runner(loop_factory=loop) as runner:
        shadowed = runner.run(run(world, shadows=True))
    # The decision's id is in the bodies of our own refusals, and differs.
    assert [(one[0], one[2]) for one in plain] == [(one[0], one[2]) for one in shadowed]
