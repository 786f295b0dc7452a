"""What is put down of a decision, so that it can be explained when the rules have gone on."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.model.http import RequestHead
from sidecar.model.policy import Facts, Mode
from sidecar.model.verdict import LocalReply, Respond
from sidecar.proxy.witness import FULLY_EXPLAINED
from sidecar.ruleset.routes import Chain
from sidecar.telemetry.evidence import Evidence, Said
from tests.proxy.gates import Told, step
from tests.proxy.harness import Proxy, Recorder, request, serving

REFUSAL = Respond(LocalReply(429, "rate_limited", "too many", 1.5, facts={"missing": 0.5}))


@dataclass
class Numbered(Told):
    """A gate with a number to tell."""

    numbers: Facts = field(default_factory=dict)

    def facts(self, request: RequestHead, now: float) -> Facts:
        del request, now
        return self.numbers


def a_chain() -> Chain:
    """Lets pass, would refuse, refuses, is not asked."""
    first = step(Numbered(numbers={"left": 3.0}), name="first", order=1)
    ghost = step(Told(REFUSAL), name="ghost", mode=Mode.SHADOW, order=2)
    wall = step(Told(REFUSAL), name="wall", order=3)
    last = step(Numbered(numbers={"left": 9.0}), name="last", order=4)
    return Chain(enforced=(first, wall, last), shadow=(ghost,))


async def evidence_of(chain: Chain, requests: int = 1) -> list[Evidence | None]:
    async with serving(Recorder(), chain=chain) as running:
        for _ in range(requests):
            await running.ask(request())
        return [record.evidence for record in running.records]


async def test_a_refusal_is_put_down_with_what_every_rule_said() -> None:
    (evidence,) = await evidence_of(a_chain())
    assert evidence is not None
    assert evidence.reply is REFUSAL.reply
    told = [(one.rule.name, one.said, dict(one.facts)) for one in evidence.chain]
    assert told == [
        ("first", Said.ADMITTED, {"left": 3.0}),
        ("ghost", Said.WOULD_REFUSE, {"missing": 0.5}),
        ("wall", Said.REFUSED, {"missing": 0.5}),
        ("last", Said.NOT_ASKED, {"left": 9.0}),
    ]
    assert [one.rule.name for one in evidence.decisive] == ["wall", "ghost"]


async def test_what_only_shadow_rules_would_refuse_is_put_down_and_admitted() -> None:
    ghost = step(Told(REFUSAL), name="ghost", mode=Mode.SHADOW, order=2)
    (evidence,) = await evidence_of(Chain(shadow=(ghost,)))
    assert evidence is not None
    assert evidence.reply is None
    assert [(one.rule.name, one.said) for one in evidence.chain] == [("ghost", Said.WOULD_REFUSE)]


async def test_nothing_is_put_down_of_a_request_that_passes() -> None:
    assert await evidence_of(Chain(enforced=(step(Told()),))) == [None]


async def test_under_attack_only_so_many_are_explained_in_full() -> None:
    found = await evidence_of(a_chain(), FULLY_EXPLAINED + 5)
    full = [one for one in found if one is not None and one.chain]
    assert len(found) == FULLY_EXPLAINED + 5
    assert len(full) == FULLY_EXPLAINED
    assert all(one is not None and one.decisive for one in found)


async def test_each_second_has_its_own() -> None:
    async with serving(Recorder(), chain=a_chain()) as running:
        running.engine.explanations = 0
        assert not await _is_full(running)
        running.look(0.0)
        assert await _is_full(running)


async def _is_full(running: Proxy) -> bool:
    await running.ask(request())
    (record,) = running.records
    return record.evidence is not None and bool(record.evidence.chain)
