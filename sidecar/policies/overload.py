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
from sidecar.model.load import Window
from sidecar.model.policy import (
    BuildContext,
    Facts,
    GateBasics,
    Mode,
    Notice,
    Reading,
    Rule,
    Stage,
    Ticket,
)
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
#: Shedding is over when nobody was shed in so many windows: five seconds.
_CALM_WINDOWS: Final = 20


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
        return Overload(self, context)


class _Course:
    """What a rule goes on with over reloads."""

    __slots__ = ("admitted", "calm", "is_told", "seen", "shedding", "total")

    def __init__(self, classes: int, seen: int) -> None:
        self.shedding = Shedding(classes)
        #: Windows of load that were looked at.
        self.seen = seen
        #: How many were let in since then, by place in `shed_order`, and in all.
        self.admitted = [0] * classes
        self.total = 0
        #: Whether operators know that it sheds, and for how many windows it has not.
        self.is_told = False
        self.calm = _CALM_WINDOWS


@final
class Overload(GateBasics):
    """Refuses a share of the requests that grows while the host is overloaded."""

    __slots__ = ("_context", "_course", "_cpu", "_delay", "_load", "_order", "_place")

    stage: ClassVar[Stage] = Stage.OVERLOAD

    def __init__(self, spec: OverloadSpec, context: BuildContext) -> None:
        self._context = context
        self._cpu = spec.cpu.shed_above if spec.cpu is not None else None
        self._delay = spec.queue_delay.shed_above if spec.queue_delay is not None else None
        self._order = spec.shed_order
        self._place = [_NEVER_SHED] * (CRITICAL + 1)
        for number, word in enumerate(spec.shed_order):
            self._place[LEVELS[word]] = number
        self._load = load = context.load
        self._course = _Course(len(spec.shed_order), load.closed)

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Refuse the share that is shed of the request's priority."""
        course = self._course
        if course.seen != self._load.closed:
            self._look()
        shedding = course.shedding
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
        course = self._course
        course.total += 1
        number = self._place[request.priority]
        if number != _NEVER_SHED:
            course.admitted[number] += 1
        return 0

    def adopt(self, predecessor: Overload, now: float) -> None:
        """Go on shedding as much."""
        before = predecessor._course
        if predecessor._order == self._order:
            # Requests of the rules before ask the predecessor: both go the same way.
            self._course = before
            return
        course = self._course
        course.seen = before.seen
        course.shedding.depth = min(before.shedding.depth, float(len(self._order)))
        course.is_told, course.calm = before.is_told, before.calm

    def facts(self, request: RequestHead, now: float) -> dict[str, str | float]:
        """What was measured, what is allowed, and the share that is shed of the priority."""
        self._look()
        number = self._place[request.priority]
        last = self._load.last
        facts: dict[str, str | float] = {
            "priority": WORDS[request.priority],
            "shed_share": self._course.shedding.share(number) if number != _NEVER_SHED else 0.0,
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
            Reading("shed_share", self._course.shedding.share(number), word)
            for number, word in enumerate(self._order)
        )
        cpu = (Reading("cpu_share", last.cpu),) if last.cpu is not None else ()
        return (*shares, *cpu, Reading("queue_delay_seconds", last.queue_delay))

    def _look(self) -> None:
        """Take a step for each window that was closed."""
        course = self._course
        for window in self._load.since(course.seen):
            course.shedding.window(self._strain(window), course.admitted, course.total)
            course.admitted = [0] * len(self._order)
            course.total = 0
            self._tell(course, window)
        course.seen = self._load.closed

    def _tell(self, course: _Course, window: Window) -> None:
        """Tell operators when shedding begins, and when it has been over for a while."""
        course.calm = 0 if course.shedding.depth else course.calm + 1
        if course.is_told != (course.calm < _CALM_WINDOWS):
            course.is_told = not course.is_told
            rule = self._context.rule
            sheds = "would shed" if rule.mode is Mode.SHADOW else "sheds"
            whom = f"{sheds} {self._order[0]}" if course.is_told else f"{sheds} nobody any more"
            cpu = "unknown" if window.cpu is None else f"{window.cpu:.0%}"
            text = f"overload {rule.name} {whom}: cpu {cpu}"
            text += f", queue delay {window.queue_delay * 1000:.3g}ms"
            self._context.notify(Notice("sidecar.overload", text, _named(rule)))

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


def _named(rule: Rule) -> Facts:
    return {
        "sidecar.rule.kind": rule.kind,
        "sidecar.rule.name": rule.name,
        "sidecar.rule.mode": rule.mode.value,
    }


def _drawn(request: RequestHead) -> float:
    """A number from 0 up to, and without, 1, the same each time for one request."""
    return int(request.decision[_DRAWN] or b"0", 16) / _DRAWS
