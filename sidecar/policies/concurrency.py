"""Concurrency: so many requests at a time, and a short line for those that find no place.

A request takes a slot when every other rule has agreed, and gives it back when its answer has
been sent, or when it ends in another way. When all slots are taken it waits in a bounded line,
those of a higher priority first; a slot that becomes free is kept for whoever is called. When the
line is full, a request of a higher priority takes the place of the last one of the lowest, which
is refused at once. Who has waited `wait_at_most` is refused, with 503 and a time after which it
is worth coming back.

With `per` each value of the key, or of the keys, has slots and a line of its own. A request that
several bulkheads govern waits for one of them at a time, and holds no slot of another meanwhile.

In shadow nobody waits: a request that would have waited is counted as waiting and let through,
and the slots that it takes beyond `at_most` stand for the line.

Slots that are taken and requests that wait outlive a reload: a lower `at_most` lets nobody in
until enough have left, a higher one calls those who wait. Changing `per` starts anew, for the
numbers known so far belong to other values.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar, Final, final

from pydantic import AfterValidator

from sidecar.algorithms.fingerprint import fingerprint
from sidecar.algorithms.slots import Slots, Standing, Waiting
from sidecar.model.http import RequestHead
from sidecar.model.load import LoadMeter
from sidecar.model.outcome import Outcome
from sidecar.model.policy import BuildContext, GateBasics, Key, Mode, Reading, Stage, Ticket
from sidecar.model.priority import CRITICAL, WORDS
from sidecar.model.reading import unreadable
from sidecar.model.spec import KeyUse, RuleSpec, Spec, uses_of
from sidecar.model.values import Count, Duration, KeyName, OneOrMany, written
from sidecar.model.verdict import ADMIT, LocalReply, Park, Place, Respond, Verdict
from sidecar.state.row_key import row_key_reader

#: Timers may be so much early.
_TIMER_SECONDS: Final = 0.001
#: How much of what is known of how long slots are held is the last one's.
_NEWS: Final = 0.05
_RETRY_AFTER_AT_LEAST: Final = 1.0
_RETRY_AFTER_AT_MOST: Final = 30.0


class Order(Enum):
    """Who is first in a line."""

    PRIORITY = "priority"
    ARRIVAL = "arrival"


class QueueSpec(Spec):
    """The line of those who find no slot."""

    at_most: Count
    """How many may wait; more are refused with 503."""
    wait_at_most: Duration = written("50ms")
    """How long one may wait, before it is refused with 503."""
    order: Order = Order.PRIORITY
    """Who is first: `priority`, and who came first among equals, or `arrival` alone."""


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise unreadable("bad-value", "a key stands twice", "name each key once")
    return names


class ConcurrencySpec(RuleSpec):
    """So many requests at a time, for all together or for each value of `per`."""

    kind: ClassVar[str] = "concurrency"

    at_most: Count
    """How many may be on their way at a time."""
    per: Annotated[OneOrMany[KeyName], AfterValidator(_distinct)] = ()
    """The declared key, or keys, each of whose values has these slots; all share them if left
    out."""
    queue: QueueSpec | None = None
    """The line of those who find no slot; if left out, they are refused at once."""

    def build(self, context: BuildContext) -> Concurrency:
        """The live gate, with every slot free."""
        keys = tuple(context.key(name) for name in sorted(self.per))
        return Concurrency(self, keys, context.load, enforced=context.rule.mode is Mode.ENFORCE)

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, and those of ``per``."""
        return super().keys_used() + uses_of(self.per, "per")


class _Held:
    """What a rule goes on with over reloads: its slots, who waits where, how long slots last."""

    __slots__ = ("places", "seconds", "slots")

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.places: dict[RequestHead, Waiting] = {}
        #: How long a slot is held, of late.
        self.seconds = 0.0


@final
class Concurrency(GateBasics):
    """Lets so many through at a time, and others wait for a while."""

    __slots__ = ("_by_priority", "_enforced", "_held", "_load", "_queue", "_read", "_wait", "per")

    stage: ClassVar[Stage] = Stage.CONCURRENCY
    settles: ClassVar[bool] = True

    def __init__(
        self, spec: ConcurrencySpec, keys: tuple[Key, ...], load: LoadMeter, *, enforced: bool
    ) -> None:
        queue = spec.queue
        #: Names of the keys that slots belong to, in alphabetical order.
        self.per = tuple(key.name for key in keys)
        self._read = row_key_reader(keys)
        self._load = load
        self._enforced = enforced
        self._queue = queue.at_most if queue is not None else 0
        self._wait = queue.wait_at_most if queue is not None else 0.0
        self._by_priority = queue is not None and queue.order is Order.PRIORITY
        room = min((key.track_at_most for key in keys), default=1)
        self._held = _Held(Slots(spec.at_most, self._queue, room))

    @property
    def in_flight(self) -> int:
        """How many slots are taken, of all values together."""
        return self._held.slots.taken

    @property
    def at_most(self) -> int:
        """How many slots each value has."""
        return self._held.slots.at_most

    @property
    def queued(self) -> int:
        """How many wait, of all values together."""
        return self._held.slots.queued

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Admit while there is a slot; whoever is told to wait has a place, and must leave it."""
        held = self._held
        if held.places:
            place = held.places.get(request)
            if place is not None:
                return self._asked_again(request, place, now)
        slots = held.slots
        key = self._read(request)
        if slots.held(key) < slots.at_most:
            return ADMIT
        if not self._queue:
            return self._refusal(request, key, "no slot is free")
        if not self._enforced:
            return self._would(request, key, now)
        rank = CRITICAL - request.priority if self._by_priority else 0
        place = slots.wait(key, rank, now, now + self._wait)
        if place is None:
            return self._refusal(request, key, "the line is full")
        held.places[request] = place
        return Park(place.until, place)

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Take a slot: the one that was kept, or any."""
        held = self._held
        place = held.places.pop(request, None) if held.places else None
        if self._queue and self._enforced:
            self._load.waited(now - place.since if place is not None else 0.0)
        if place is not None:
            if place.standing is Standing.CALLED:
                return held.slots.take_kept(place)
            held.slots.leave(place)
        return held.slots.take(self._read(request))

    def settle(self, request: RequestHead, ticket: Ticket, outcome: Outcome, now: float) -> None:
        """Give the slot back."""
        held = self._held
        held.seconds += _NEWS * (outcome.seconds - held.seconds)
        held.slots.give_back(self._read(request), ticket)

    def leave(self, request: RequestHead, place: Place) -> None:
        """Give the place up, and the slot that may have been kept for it."""
        held = self._held
        if held.places.get(request) is place:
            held.slots.leave(held.places.pop(request))

    def adopt(self, predecessor: Concurrency, now: float) -> None:
        """Go on with the slots that are taken and the requests that wait."""
        if predecessor.per != self.per:
            return
        mine = self._held.slots
        self._held = predecessor._held
        self._held.slots.resize(mine.at_most, mine.queue_at_most, mine.capacity)
        if not self._enforced:
            # The rule acts no more: nobody is to wait for it, or to be refused by it.
            self._held.slots.call_everybody()

    def facts(self, request: RequestHead, now: float) -> dict[str, str | float]:
        """The slots and the line of the request's value."""
        slots = self._held.slots
        key = self._read(request)
        facts: dict[str, str | float] = {
            "at_most": slots.at_most,
            "in_flight": slots.held(key),
            "queued": slots.line(key),
            "queue_at_most": self._queue,
            "priority": WORDS[request.priority],
        }
        if self.per:
            facts["per"] = ", ".join(self.per)
        return facts

    def readings(self, now: float) -> tuple[Reading, ...]:
        """Slots and lines of all values together."""
        slots = self._held.slots
        return (
            Reading("in_flight", slots.taken),
            Reading("at_most", slots.at_most),
            Reading("queued", slots.queued),
            Reading("longest_wait_seconds", self._longest_wait(now)),
        )

    def _longest_wait(self, now: float) -> float:
        return max((now - place.since for place in self._held.places.values()), default=0.0)

    def _asked_again(self, request: RequestHead, place: Waiting, now: float) -> Verdict:
        if place.standing is Standing.CALLED:
            return ADMIT
        if place.standing is Standing.WAITING and now < place.until - _TIMER_SECONDS:
            return Park(place.until, place)
        why = "waited too long"
        if place.standing is Standing.PUSHED_OUT:
            why = "gave way to a higher priority"
        self._load.waited(now - place.since)
        return self._refusal(request, self._read(request), why)

    def _would(self, request: RequestHead, key: bytes, now: float) -> Verdict:
        """In shadow, those beyond the slots are who would wait."""
        slots = self._held.slots
        if slots.held(key) - slots.at_most < self._queue:
            return Park(now + self._wait, Place())
        return self._refusal(request, key, "the line is full")

    def _refusal(self, request: RequestHead, key: bytes, why: str) -> Respond:
        held = self._held
        ahead = held.slots.line(key) + 1
        after = held.seconds * ahead / held.slots.at_most
        after = min(max(after, _RETRY_AFTER_AT_LEAST), _RETRY_AFTER_AT_MOST)
        facts = {**self.facts(request, 0.0), "because": why, "retry_after": after}
        if self.per:
            facts["key_hash"] = fingerprint(key)
        detail = "Too many requests are being served."
        return Respond(LocalReply(503, "concurrency_limited", detail, after, facts=facts))
