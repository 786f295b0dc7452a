"""Each request that came in is good, bad, shed, or none of that, once for each objective."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Mode, Rule
from sidecar.proxy.judgement import judge
from sidecar.ruleset.routes import Chain, Clause, Objective, Step
from sidecar.telemetry.cells import ObjectiveCell
from tests.proxy.around import fallback
from tests.proxy.fallbacks import STATIC
from tests.proxy.gates import REFUSAL, Count, Told
from tests.proxy.harness import Proxy, Script, replace, request, serving, until
from tests.proxy.planned import BUSY, RESET, Plan
from tests.proxy.scripts import answering, head

_KINDS = ("rate_limits", "overload", "concurrency", "breakers", "access", "faults", "token")
_SHEDDING = _KINDS[:4]
_OK = head("Content-Length: 2") + b"ok"


@dataclass
class Ended:
    """How an exchange ended, as the judge sees it."""

    status: int
    reason: str = ""
    kind: str = ""
    fallback: str = ""
    broken_off: bool = False
    broken_by_client: bool = False
    path: bytes = b"/orders"
    seconds: float = 0.1
    request: Any = field(init=False)
    downstream: Any = field(init=False)
    refused_by: Any = field(init=False)

    def __post_init__(self) -> None:
        self.request = self
        self.downstream = self
        self.refused_by = refusing(self.kind) if self.kind else None

    probes = frozenset({b"/healthz"})


def refusing(kind: str) -> Step:
    rule = Rule(kind, "gate", Mode.ENFORCE, "test:1")
    return Step(rule, Told(REFUSAL), None, Count(), 0)


def counted(cell: ObjectiveCell) -> tuple[int, int, int]:
    return cell.good, cell.bad, cell.shed


def objective(*, below: int = 1000, within: float = inf, matches: Any = None) -> Objective:
    return Objective(ObjectiveCell(), matches, below, within)


_ENDS = st.builds(
    Ended,
    st.sampled_from([0, 101, 200, 302, 404, 429, 499, 500, 503, 504]),
    st.sampled_from(
        ["", "", "client_gone", "client_stalled", "rate_limited", "upstream_reset", "turn_timeout"]
    ),
    st.sampled_from(["", *_KINDS]),
    st.sampled_from(["", "fallbacks/stock"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([b"/orders", b"/healthz"]),
    st.sampled_from([0.0, 0.1, 0.2, 5.0]),
)


def as_promised(one: Ended, below: int, within: float) -> str:
    """What docs/telemetry.md says of it, word for word and without regard for time."""
    answered_instead = bool(one.fallback)
    if one.path == b"/healthz":
        return "not counted"
    if one.reason in ("client_gone", "client_stalled") or (one.reason and one.broken_by_client):
        return "not counted"
    if one.reason and one.kind in _SHEDDING and not answered_instead:
        return "shed"
    if one.reason == "turn_timeout" and not one.kind:
        return "shed"
    whole = one.status > 0 and not (one.reason and one.broken_off)
    quick = one.seconds < within or one.status == 101
    return "good" if whole and one.status < below and quick else "bad"


@given(
    st.lists(_ENDS, max_size=30),
    st.sampled_from([1000, 500, 400]),
    st.sampled_from([inf, 0.2]),
)
def test_the_counters_agree_with_a_naive_count(
    ends: list[Ended], below: int, within: float
) -> None:
    first = objective(below=below, within=within)
    posts = objective(matches=lambda request: request.status == 404)
    for one in ends:
        exchange: Any = one
        judge(exchange, (first, posts), one.seconds)
    told = [as_promised(one, below, within) for one in ends]
    assert counted(first.count) == tuple(map(told.count, ("good", "bad", "shed")))  # type: ignore[arg-type]
    of_posts = [as_promised(one, 1000, inf) for one in ends if one.status == 404]
    assert counted(posts.count) == tuple(map(of_posts.count, ("good", "bad", "shed")))  # type: ignore[arg-type]


# --- on the wire


async def judged(
    script: Script,
    *raw: bytes,
    gate: Step | None = None,
    fallbacks: tuple[Clause[Any], ...] = (),
    probes: frozenset[bytes] = frozenset(),
) -> tuple[int, int, int]:
    """Good, bad and shed of these requests, one after another."""
    chain = Chain(enforced=(gate,) if gate else (), fallbacks=fallbacks)
    async with serving(script, chain=chain) as running:
        cell = hold(running, probes)
        for one in raw:
            await running.ask(one)
        await until(lambda: not running.engine.exchanges)
        return counted(cell)


def hold(running: Proxy, probes: frozenset[bytes] = frozenset()) -> ObjectiveCell:
    """Hold all requests against an objective from now on: no 5xx."""
    cell = ObjectiveCell()
    rules = running.engine.rules
    rules.routes["other"].objectives = (Objective(cell, None, 500, inf),)
    inbound = replace(rules.listeners["inbound"], probes=probes)
    running.engine.install(replace(rules, listeners={"inbound": inbound}))
    return cell


@pytest.mark.parametrize(
    "script, expected",
    [
        (answering(_OK), (1, 0, 0)),
        (answering(head("Content-Length: 0", status="404 Not Found")), (1, 0, 0)),
        (Plan.of(BUSY), (0, 1, 0)),
        (Plan.of(RESET), (0, 1, 0)),
        (answering(head("Content-Length: 5") + b"he", close=True), (0, 1, 0)),
    ],
    ids=["ok", "not found", "busy", "reset", "broken off"],
)
async def test_an_answer_is_judged_by_what_came_of_it(
    script: Script, expected: tuple[int, int, int]
) -> None:
    assert await judged(script, request()) == expected


@pytest.mark.parametrize("kind", _KINDS)
async def test_a_refusal_for_others_sake_is_shed(kind: str) -> None:
    # A 429 is no 5xx: who is kept out for what he is got the answer that he was to get.
    expected = (0, 0, 2) if kind in _SHEDDING else (2, 0, 0)
    gate = refusing(kind)
    assert await judged(answering(_OK), request(), request(), gate=gate) == expected


async def test_who_is_given_something_instead_was_not_shed() -> None:
    instead = fallback(STATIC, when=("rate_limited",))
    gate = refusing("rate_limits")
    assert await judged(answering(_OK), request(), gate=gate, fallbacks=(instead,)) == (1, 0, 0)


async def test_probes_are_not_counted() -> None:
    raw = (request("/healthz"), request("/healthz?deep=1"), request("/health"))
    assert await judged(answering(_OK), *raw, probes=frozenset({b"/healthz"})) == (1, 0, 0)


async def begun(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An upstream that begins to answer at once, and does not end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head("Content-Length: 5") + b"he")
    await reader.read(-1)


async def test_what_a_client_gives_up_is_neither_good_nor_bad() -> None:
    async with serving(begun) as running:
        cell = hold(running)
        client = await running.connect()
        await client.send(request())
        await client.read_until(b"\r\n\r\nhe")
        client.reset()
        await until(lambda: not running.engine.exchanges)
        assert counted(cell) == (0, 0, 0)


async def test_what_a_client_breaks_is_neither_good_nor_bad() -> None:
    chunked = request("/", "Transfer-Encoding: chunked", method="POST") + b"2\r\nab\r\n"
    async with serving(begun) as running:
        cell = hold(running)
        client = await running.connect()
        await client.send(chunked)
        await client.read_until(b"\r\n\r\nhe")
        await client.send(b"no chunk\r\n")
        await client.read_to_end()
        await until(lambda: not running.engine.exchanges)
        assert counted(cell) == (0, 0, 0)
