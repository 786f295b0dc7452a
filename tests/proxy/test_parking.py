"""Requests that wait for rules: for how long altogether, and what ends them meanwhile."""

from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.verdict import Park, Place, Verdict
from sidecar.ruleset.routes import Chain, Timeouts
from tests.proxy.around import ask, degraded, fallback
from tests.proxy.fallbacks import STATIC
from tests.proxy.gates import Told, step
from tests.proxy.harness import only, request, serving, until
from tests.proxy.planned import OK, Plan


class Bouncing(Told):
    """Lets a request wait a little, again and again, each time at another place."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.places = 0
        self.open = False

    def peek(self, request: RequestHead, now: float) -> Verdict:
        if self.open:
            return super().peek(request, now)
        self.places += 1
        return Park(now + self.seconds, Place())

    def leave(self, request: RequestHead, place: Place) -> None:
        super().leave(request, place)
        self.places -= 1


@pytest.mark.parametrize("wait", [0.01, 3600.0])
async def test_nobody_waits_for_rules_longer_than_the_whole_request_may_take(wait: float) -> None:
    gate, service = Bouncing(wait), Plan.of(OK)
    chain, timeouts = Chain((step(gate),)), Timeouts(request=0.1, per_try=0.1)
    async with serving(service, chain=chain, timeouts=timeouts) as running:
        seen = await ask(running, request())
        (record,) = running.records
    assert (seen.status, record.reason, record.attempts) == (504, "turn_timeout", 0)
    assert 0.09 < record.seconds < 1
    assert (gate.places, service.heard) == (0, [])
    assert record.evidence is not None


async def test_who_has_waited_too_long_may_be_given_something_else() -> None:
    gate, clause = Bouncing(3600), fallback(STATIC, when=["timeout"])
    chain, timeouts = Chain((step(gate),), fallbacks=(clause,)), Timeouts(request=0.05)
    async with serving(Plan.of(OK), chain=chain, timeouts=timeouts) as running:
        seen = await ask(running, request())
        assert not running.engine.exchanges
    assert (seen.status, gate.places, degraded(clause)) == (200, 0, {"1-static": 1})


@pytest.mark.parametrize("fields, body", [
    (("Content-Length: 200000",), bytes(200000)),
    (("Content-Length: 5", "Expect: 100-continue"), b""),
], ids=["held back", "not told to send"])  # fmt: skip
async def test_silence_while_it_is_not_the_clients_turn_ends_nothing(
    fields: tuple[str, ...], body: bytes
) -> None:
    gate, service = Bouncing(0.5), Plan.of(OK)
    timeouts = Timeouts(request=300, per_try=300, idle=10)
    async with serving(service, chain=Chain((step(gate),)), timeouts=timeouts) as running:
        client = await running.connect()
        client.writer.write(request("/", *fields, method="PUT") + body)
        await until(lambda: bool(running.engine.exchanges))
        await until(lambda: not body or only(running).is_held_back)
        running.look(0)
        running.look(11)
        running.look(22)
        gate.open = True
        if not body:
            await client.send(b"hello")
        seen = await client.answer("PUT")
    assert seen.status == 200
