"""Overload: when this host is about to drown, who matters least is turned away first.

Two signals say so: the CPU time that is used, as a share of what this container may use, and the
time that requests wait in queues of the sidecar and for their turn in its loop. Four times a
second they are held against `shed_above`; while one of them is above, more is shed with each
look, first of the first priority in `shed_order`, then of the next when all of that is gone. When
both are below, requests are let in again in the opposite order, a little at a time. Priorities
that are not in `shed_order` are never shed, `critical` cannot be. What is shed is answered with
503 and a time to come back that grows with the share that is shed.

In shadow nothing becomes lighter by it: it shows when shedding would have begun, and counts more
than would have been shed in the end.

How much is shed outlives a reload, where `shed_order` changes as far as there are as many
priorities in it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self, final

from pydantic import AfterValidator, BeforeValidator, model_validator

from sidecar.algorithms.shedding import Shedding
from sidecar.model.http import RequestHead
from sidecar.model.load import LoadMeter, Window
from sidecar.model.policy import BuildContext, GateBasics, Reading, Stage, Ticket
from sidecar.model.priority import CRITICAL, LEVELS, WORDS
from sidecar.model.reading import unreadable
from sidecar.model.spec import RuleSpec, Spec
from sidecar.model.values import Duration, OneOrMany, Percent
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict

#: Nobody comes back sooner; with everything shed, at most so much later.
_RETRY_AFTER: Final = 1.0
_RETRY_AFTER_SPREAD: Final = 4.0
#: The part of a decision's id that is drawn by, and how many there are.
_DRAWN: Final = slice(8, 16)
_DRAWS: Final = float(1 << 32)
_NEVER_SHED: Final = -1


class CpuSpec(Spec):
    """The CPU time used, as a share of what this container may use."""

    shed_above: Percent
    """Shed while more than this is used, such as `85%`."""


class QueueDelaySpec(Spec):
    """The time that requests wait in queues of the sidecar and for their turn in its loop."""

    shed_above: Duration
    """Shed while they wait longer than this on average, such as `20ms`."""


def _some(share: CpuSpec) -> CpuSpec:
    if not 0 < share.shed_above < 1:
        problem = "the CPU is always above 0% and never above 100%"
        raise unreadable("bad-percentage", problem, "write a share in between, such as 85%")
    return share


def _sheddable(word: object) -> object:
    if word == "critical":
        problem = "what is critical is never shed"
        raise unreadable("bad-value", problem, "leave it out, or give those requests another level")
    return word


def _once(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(words)) < len(words):
        raise unreadable("bad-value", "a priority stands twice", "name each priority once")
    return words


Sheddable = Annotated[Literal["low", "medium", "high"], BeforeValidator(_sheddable)]


class OverloadSpec(RuleSpec):
    """Sheds requests, those of the lowest priority first, while this host has too much to do."""

    kind: ClassVar[str] = "overload"

    cpu: Annotated[CpuSpec, AfterValidator(_some)] | None = None
    """Shed while more of the CPU is used."""
    queue_delay: QueueDelaySpec | None = None
    """Shed while requests wait longer."""
    shed_order: Annotated[OneOrMany[Sheddable], AfterValidator(_once)] = ("low", "medium", "high")
    """Who is shed, first to last: `low`, `medium` and `high` when left out; `critical` never is."""

    @model_validator(mode="after")
    def _has_a_signal(self) -> Self:
        if self.cpu is None and self.queue_delay is None:
            expected = "add cpu: {shed_above: 85%} or queue_delay: {shed_above: 20ms}"
            raise unreadable("incomplete", "it has neither cpu nor queue_delay", expected)
        return self

    def build(self, context: BuildContext) -> Overload:
        """The live gate, shedding nothing."""
        return Overload(self, context.load)


@final
class Overload(GateBasics):
    """Refuses a share of the requests that grows while the host is overloaded."""

    __slots__ = ("_admitted", "_cpu", "_delay", "_load", "_order", "_place", "_seen", "_shedding",
                 "_total")  # fmt: skip

    stage: ClassVar[Stage] = Stage.OVERLOAD

    def __init__(self, spec: OverloadSpec, load: LoadMeter) -> None:
        self._cpu = spec.cpu.shed_above if spec.cpu is not None else None
        self._delay = spec.queue_delay.shed_above if spec.queue_delay is not None else None
        self._order = spec.shed_order
        self._place = [_NEVER_SHED] * (CRITICAL + 1)
        for number, word in enumerate(spec.shed_order):
            self._place[LEVELS[word]] = number
        self._load = load
        self._shedding = Shedding(len(spec.shed_order))
        #: Windows of load that were looked at.
        self._seen = load.closed
        #: Since then, by place in `shed_order`, and in all.
        self._admitted = [0] * len(spec.shed_order)
        self._total = 0

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Refuse the share that is shed of the request's priority."""
        if self._seen != self._load.closed:
            self._look()
        shedding = self._shedding
        if not shedding.depth:
            return ADMIT
        number = self._place[request.priority]
        if number == _NEVER_SHED or number >= shedding.depth:
            return ADMIT
        share = shedding.share(number)
        drawn = _drawn(request)
        return self._refusal(request, share, drawn) if drawn < share else ADMIT

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Count who is let in."""
        self._total += 1
        number = self._place[request.priority]
        if number != _NEVER_SHED:
            self._admitted[number] += 1
        return 0

    def adopt(self, predecessor: Overload, now: float) -> None:
        """Go on shedding as much."""
        self._seen = predecessor._seen
        self._shedding = predecessor._shedding
        self._shedding.resize(len(self._order))
        if predecessor._order == self._order:
            self._admitted = predecessor._admitted
            self._total = predecessor._total

    def facts(self, request: RequestHead, now: float) -> dict[str, str | float]:
        """What was measured, what is allowed, and the share that is shed of the priority."""
        self._look()
        number = self._place[request.priority]
        last = self._load.last
        facts: dict[str, str | float] = {
            "priority": WORDS[request.priority],
            "shed_share": self._shedding.share(number) if number != _NEVER_SHED else 0.0,
        }
        if self._cpu is not None:
            facts["cpu"] = last.cpu if last.cpu is not None else "unknown"
            facts["cpu_at_most"] = self._cpu
        if self._delay is not None:
            facts["queue_delay"] = last.queue_delay
            facts["queue_delay_at_most"] = self._delay
        return facts

    def readings(self, now: float) -> tuple[Reading, ...]:
        """The signals, and the share that is shed of each priority."""
        self._look()
        last = self._load.last
        shares = (
            Reading("shed_share", self._shedding.share(number), word)
            for number, word in enumerate(self._order)
        )
        cpu = (Reading("cpu_share", last.cpu),) if last.cpu is not None else ()
        return (*shares, *cpu, Reading("queue_delay_seconds", last.queue_delay))

    def _look(self) -> None:
        """Take a step for each window that was closed."""
        for window in self._load.since(self._seen):
            self._shedding.window(self._strain(window), self._admitted, self._total)
            self._admitted = [0] * len(self._order)
            self._total = 0
        self._seen = self._load.closed

    def _strain(self, window: Window) -> float:
        strain = 0.0
        if self._cpu is not None and window.cpu is not None:
            strain = window.cpu / self._cpu
        if self._delay is not None:
            strain = max(strain, window.queue_delay / self._delay)
        return strain

    def _refusal(self, request: RequestHead, share: float, drawn: float) -> Respond:
        # Those who are refused together do not all come back together.
        after = _RETRY_AFTER + _RETRY_AFTER_SPREAD * drawn
        facts = {**self.facts(request, 0.0), "drawn": drawn, "retry_after": after}
        detail = "This service is overloaded."
        return Respond(LocalReply(503, "overloaded", detail, after, facts=facts))


def _drawn(request: RequestHead) -> float:
    """A number from 0 up to, and without, 1, the same each time for one request."""
    return int(request.decision[_DRAWN] or b"0", 16) / _DRAWS
