"""A trace of requests run through compiled rules on a virtual clock: no sockets, no sleeping."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from sidecar.model.http import RequestHead
from sidecar.model.outcome import CONNECT_FAILURE, PER_TRY_TIMEOUT, Failure, Heard, classify
from sidecar.model.verdict import LocalReply, Park
from sidecar.proxy.chain import Passage, abandon, admit, settle
from sidecar.ruleset.compiler import adopt
from sidecar.ruleset.routes import RuleSet
from sidecar.state.load import Load
from tests.ruleset.compiled import chain_of, request

START = 1000.0
#: A host that has no time left is so much less than a second late.
_LAG_SHARE = 25

#: What the upstream may do, by a word that a test can read.
ENDINGS: dict[str, tuple[int, Failure | None]] = {
    "ok": (200, None),
    "not-found": (404, None),
    "busy": (503, None),
    "broken": (500, None),
    "refused": (0, CONNECT_FAILURE),
    "slow": (0, PER_TRY_TIMEOUT),
}


@dataclass(frozen=True)
class Asked:
    """One request of a trace: when it comes after the one before it, and what becomes of it."""

    after: float
    user: str = "ann"
    path: str = "/"
    ending: str = "ok"
    seconds: float = 0.05
    priority: int = 1


@dataclass
class _Going:
    """A request on its way through the rules."""

    number: int
    asked: Asked
    head: RequestHead
    rules: RuleSet
    began: float
    passage: Passage = field(default_factory=Passage)
    #: Told apart from wakings that have become pointless.
    turn: int = 0


class Simulation:
    """Runs a trace; ``decisions`` is everything that was decided, in the order of deciding."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.now = START
        #: Number of the request, when, and what: ``admitted``, ``parked`` or the refusal's reason.
        self.decisions: list[tuple[int, float, str]] = []
        #: Requests that are with the upstream.
        self.running = 0
        self.most_running = 0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def measured(self, load: Load, cpus: Sequence[float], every: float = 0.1) -> None:
        """Let the load be measured ``every`` so often, with these shares of the CPU in turn.

        The loop is the later the busier the host is.
        """

        def measure(cpu: float) -> None:
            load.lagged(cpu / _LAG_SHARE)
            load.close_window(cpu)

        for number, cpu in enumerate(cpus, 1):
            self.at(self.now + number * every, partial(measure, cpu))

    def run(self, trace: Sequence[Asked]) -> list[tuple[int, float, str]]:
        """Run the whole trace, and until nothing is left to happen."""
        due = self.now
        for asked in trace:
            due += asked.after
            self.at(due, partial(self._arrive, asked))
        self.go_on()
        return self.decisions

    def at(self, due: float, happens: Callable[[], None]) -> None:
        """Let something happen at ``due``; what is due at once happens in the order of asking."""
        heapq.heappush(self._events, (due, next(self._order), happens))

    def go_on(self, until: float = float("inf")) -> None:
        """Let everything happen that is due by ``until``."""
        while self._events and self._events[0][0] <= until:
            due, _, happens = heapq.heappop(self._events)
            self.now = max(self.now, due)
            happens()

    def reload(self, rules: RuleSet) -> None:
        """Put other rules in force; requests that have begun keep theirs."""
        adopt(rules, self.rules, self.now)
        self.rules = rules

    def _arrive(self, asked: Asked) -> None:
        number = next(self._numbers)
        head = request(asked.path, x_user=asked.user)
        head.priority = asked.priority
        head.decision = b"%016x" % (number * 0x9E3779B97F4A7C15 % 2**64)
        self._ask(_Going(number, asked, head, self.rules, self.now))

    def _ask(self, going: _Going) -> None:
        going.turn += 1
        answer = admit(chain_of(going.rules, going.head), going.head, going.passage, self.now)
        if answer is None:
            self._decide(going, "admitted")
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.at(self.now + going.asked.seconds, lambda: self._end(going))
        elif isinstance(answer, Park):
            self._decide(going, "parked")
            self._park(going, answer)
        else:
            self._refuse(going, answer)

    def _park(self, going: _Going, park: Park) -> None:
        turn = going.turn

        def wake() -> None:
            if going.turn == turn and going.passage.parked is not None:
                self._ask(going)

        park.place.wake = lambda: self.at(self.now, wake)
        self.at(max(park.until, self.now), wake)

    def _refuse(self, going: _Going, reply: LocalReply) -> None:
        self._decide(going, reply.reason)
        abandon(going.passage, going.head)

    def _end(self, going: _Going) -> None:
        self.running -= 1
        status, failure = ENDINGS[going.asked.ending]
        heard = Heard(status, going.asked.seconds if status else None)
        seconds = self.now - going.began
        outcome = classify(status, seconds, failure, local=False, heard=heard)
        settle(going.passage, going.head, outcome, self.now)

    def _decide(self, going: _Going, what: str) -> None:
        self.decisions.append((going.number, round(self.now, 9), what))
