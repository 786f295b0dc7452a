"""Bulkheads and shedding in shadow change nothing: the same trace, with and without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import Gate, Mode, Rule
from sidecar.model.priority import CRITICAL, LOW
from sidecar.model.verdict import Park
from sidecar.policies.concurrency import ConcurrencySpec
from sidecar.policies.overload import OverloadSpec
from sidecar.proxy.chain import Passage, abandon, admit, settle
from sidecar.ruleset.routes import Chain, Step
from sidecar.state.load import Load
from tests.policies.building import World, header_key
from tests.proxy.gates import Count

OUTCOME = Outcome(OutcomeClass.SUCCESS, 200, 0.1, None)
HOST = {"name": "host", "cpu": {"shed_above": "80%"}, "queue_delay": {"shed_above": "50ms"}}
SLOTS = {"name": "slots", "at_most": 2, "queue": {"at_most": 3, "wait_at_most": "1s"}}


class Trace:
    """What becomes of requests that come, end and wait, one step after the other."""

    def __init__(self, shadows: Iterable[dict[str, Any]]) -> None:
        self.load = Load()
        self.now = 10.0
        self.count = 0
        self.told: list[str] = []
        self.woken: list[tuple[Passage, RequestHead]] = []
        self.going: list[tuple[Passage, RequestHead]] = []
        enforced = [self.step(Mode.ENFORCE, fields) for fields in (HOST, SLOTS)]
        in_shadow = [self.step(Mode.SHADOW, fields) for fields in shadows]
        self.chain = Chain(tuple(enforced), tuple(in_shadow))

    def step(self, mode: Mode, fields: dict[str, Any]) -> Step:
        spec: Any = ConcurrencySpec if "at_most" in fields else OverloadSpec
        kind = spec.kind
        context = World(load=self.load).context(header_key("user"), kind=kind, mode=mode)
        gate: Gate = spec.model_validate(fields).build(context)
        rule = Rule(kind, fields["name"], mode, "test:1")
        return Step(rule, gate, None, Count(), gate.stage)

    def ask(self, passage: Passage, head: RequestHead) -> None:
        answer = admit(self.chain, head, passage, self.now)
        if isinstance(answer, Park):
            answer.place.wake = lambda: self.wake(passage, head)
            self.told.append("waits")
        else:
            self.told.append("in" if answer is None else str(answer.facts.get("because", "shed")))
        if answer is not None and not isinstance(answer, Park):
            self.going.remove((passage, head))

    def wake(self, passage: Passage, head: RequestHead) -> None:
        self.told.append(f"woken {head.decision!r}")
        self.woken.append((passage, head))

    def answer_the_call(self) -> None:
        """Those who were woken ask again, before anything else happens."""
        while self.woken:
            one = self.woken.pop(0)
            if one in self.going:
                self.ask(*one)

    def come(self, number: int) -> None:
        self.count += 1
        head = RequestHead("GET", b"/", 1)
        head.priority = number % (CRITICAL + 1)
        head.decision = b"%016x" % (self.count * 0x9E3779B97F4A7C15 % (1 << 64))
        head.fields = {b"x-user": b"ann" if number % 3 else b"bob"}
        passage = Passage()
        self.going.append((passage, head))
        self.ask(passage, head)

    def again(self, number: int) -> None:
        waiting = [one for one in self.going if one[0].parked is not None]
        if waiting:
            self.ask(*waiting[number % len(waiting)])

    def end(self, number: int) -> None:
        if self.going:
            passage, head = self.going.pop(number % len(self.going))
            abandon(passage, head)
            settle(passage, head, OUTCOME, self.now)

    def window(self, number: int) -> None:
        self.now += 0.25
        self.load.close_window((number % 11) / 10)
        self.told.append(repr(self.load.last))


STEPS: tuple[Callable[[Trace, int], None], ...] = (
    Trace.come,
    Trace.come,
    Trace.again,
    Trace.end,
    Trace.window,
)
shadows = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "name": st.just("slots-in-shadow"),
                "at_most": st.integers(1, 3),
                "per": st.sampled_from([[], ["user"]]).map(tuple),
            },
            optional={"queue": st.just({"at_most": 1, "wait_at_most": "1s"})},
        ).map(lambda fields: {name: one for name, one in fields.items() if one}),
        st.just({"name": "host-in-shadow", "cpu": {"shed_above": "10%"}}),
    ),
    min_size=1,
    max_size=3,
)


@given(
    steps=st.lists(st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 100)), max_size=120),
    shadows=shadows,
)
def test_what_is_enforced_is_the_same_with_and_without_any_shadow(
    steps: list[tuple[int, int]], shadows: list[dict[str, Any]]
) -> None:
    without, beside = Trace([]), Trace(shadows)
    for which, number in steps:
        for trace in (without, beside):
            STEPS[which](trace, number)
            trace.answer_the_call()
        assert without.told == beside.told


def test_the_trace_sheds_and_lets_wait() -> None:
    """What the property above is worth."""
    trace = Trace([])
    for number in range(40):
        trace.come(LOW)
        trace.window(10)
        if number % 4 == 0:
            trace.end(number)
            trace.answer_the_call()
            trace.again(number)
    kinds = {told.partition(" ")[0] for told in trace.told}
    assert {"in", "waits", "woken", "shed"} <= kinds
