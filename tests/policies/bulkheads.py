"""Bulkheads, and requests that go through them as the chain has them go."""

from __future__ import annotations

from typing import Any

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import Mode, Rule
from sidecar.model.priority import MEDIUM
from sidecar.model.verdict import Park
from sidecar.policies.concurrency import Concurrency, ConcurrencySpec
from sidecar.proxy.chain import Passage, abandon, admit, settle
from sidecar.ruleset.routes import Chain, Step
from sidecar.state.load import Load
from tests.policies.building import World, header_key
from tests.proxy.gates import Count

OUTCOME = Outcome(OutcomeClass.SUCCESS, 200, 0.5, None)
ANN, BOB = "ann", "bob"


def gate(mode: Mode = Mode.ENFORCE, load: Load | None = None, **fields: Any) -> Concurrency:
    world = World(load=load or Load())
    context = world.context(header_key("user"), header_key("shop", track_at_most=2), mode=mode)
    return ConcurrencySpec.model_validate({"name": "a-rule", **fields}).build(context)


def request(user: str = ANN, priority: int = MEDIUM, shop: str = "") -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.fields = {b"x-user": user.encode(), b"x-shop": shop.encode()}
    head.priority = priority
    return head


def chain(limit: Concurrency, mode: Mode = Mode.ENFORCE) -> Chain:
    step = Step(Rule("concurrency", "a-rule", mode, "test:1"), limit, None, Count(), 0)
    return Chain((), (step,)) if mode is Mode.SHADOW else Chain((step,))


class Going(Passage):
    """A request on its way: asks when it is told to, and notes when it is woken."""

    def __init__(self, them: Chain, head: RequestHead) -> None:
        self.chain = them
        self.head = head
        self.woken = 0

    def ask(self, now: float) -> str:
        """``in``, ``waits``, or why it is refused."""
        answer = admit(self.chain, self.head, self, now)
        if answer is None:
            return "in"
        if isinstance(answer, Park):
            answer.place.wake = self.wake
            return "waits"
        return str(answer.facts["because"])

    def wake(self) -> None:
        self.woken += 1

    def end(self, now: float) -> None:
        abandon(self, self.head)
        settle(self, self.head, OUTCOME, now)


def come(limit: Concurrency, **who: Any) -> Going:
    return Going(chain(limit), request(**who))
