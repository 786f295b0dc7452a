"""Asks every rule of a route in turn, and tells each how the request ended.

A gate first *peeks*; only when every enforced gate has agreed does each *take*, so that a refusal
by one leaves no trace in the others. Shadow rules are asked here, once for all kinds: after the
enforced verdict, with state of their own, unable to change it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT, Admit, LocalReply, Park, Place, Respond

if TYPE_CHECKING:
    from sidecar.model.outcome import Outcome
    from sidecar.model.policy import Ticket
    from sidecar.ruleset.routes import Chain, Step


#: The kind of rules whose refusals say when to come back.
_LIMITS = "rate_limits"
#: Shared by every passage that took nothing it must give back; never written to.
NO_TICKETS: list[tuple[Step, Ticket]] = []


class Passage:
    """The way of one request through a chain: what it took, where it waits.

    The defaults are the class's, so that a request that takes nothing special stores nothing.
    """

    tickets = NO_TICKETS
    parked: tuple[Step, Place] | None = None
    #: Places that it has waited for and keeps, while it waits for another gate further down.
    held: tuple[tuple[Step, Place], ...] = ()
    refused_by: Step | None = None
    #: ``kind/name`` of the shadow rules that would have refused it.
    would_refuse: tuple[str, ...] = ()
    #: What those would have answered.
    shadow_replies: tuple[tuple[Step, LocalReply], ...] = ()
    #: The rule that it has waited for.
    waited_for: Step | None = None


def admit(
    chain: Chain, request: RequestHead, passage: Passage, now: float
) -> LocalReply | Park | None:
    """Ask every gate. None admits the request; a ``Park`` must ask again when it is over."""
    agreed = []
    for step in chain.enforced:
        if step.matches is not None and not step.matches(request):
            continue
        verdict = step.peek(request, now)
        if verdict is ADMIT or isinstance(verdict, Admit):
            agreed.append(step)
        elif isinstance(verdict, Park):
            return _park(passage, step, request, verdict, agreed)
        else:
            return _refuse(chain, passage, step, request, verdict.reply, now)
    if passage.parked is not None:
        _unpark(passage, request, taken=agreed)
    tickets: list[tuple[Step, Ticket]] | None = None
    for step in agreed:
        ticket = step.take(request, now)
        step.tally.admitted += 1
        if step.settles:
            if tickets is None:
                tickets = passage.tickets = []
            tickets.append((step, ticket))
    if chain.shadow:
        _shadow(chain.shadow, passage, request, now, take=True)
    return None


def settle(passage: Passage, request: RequestHead, outcome: Outcome, now: float) -> None:
    """Tell every gate that gave a ticket how the request ended, last first."""
    tickets, passage.tickets = passage.tickets, NO_TICKETS
    for step, ticket in reversed(tickets):
        step.settle(request, ticket, outcome, now)


def abandon(passage: Passage, request: RequestHead) -> None:
    """Give up the place of a request that waits and will not take."""
    if passage.parked is not None:
        _unpark(passage, request, taken=())


def _keep(passage: Passage, step: Step, ticket: Ticket) -> None:
    if passage.tickets is NO_TICKETS:
        passage.tickets = []
    passage.tickets.append((step, ticket))


def _refuse(
    chain: Chain,
    passage: Passage,
    step: Step,
    request: RequestHead,
    reply: LocalReply,
    now: float,
) -> LocalReply:
    step.tally.refused += 1
    passage.refused_by = step
    if passage.parked is not None:
        _unpark(passage, request, taken=())
    # A shadow rule further down would not have seen this request.
    before = [one for one in chain.shadow if one.order < step.order]
    if before:
        _shadow(before, passage, request, now, take=False)
    return _longest_wait(chain, step, request, reply, now)


def _longest_wait(
    chain: Chain, refusing: Step, request: RequestHead, reply: LocalReply, now: float
) -> LocalReply:
    """The refusal of a limit, with the wait after which all limits have room."""
    if refusing.rule.kind != _LIMITS or reply.retry_after is None:
        return reply
    longest = reply
    for step in chain.enforced:
        if step.order <= refusing.order or step.rule.kind != _LIMITS:
            continue
        if step.matches is not None and not step.matches(request):
            continue
        verdict = step.peek(request, now)
        if isinstance(verdict, Park):
            step.gate.leave(request, verdict.place)
        elif isinstance(verdict, Respond) and _wait(verdict.reply) > _wait(longest):
            longest = verdict.reply
    if longest is reply:
        return reply
    return replace(reply, retry_after=longest.retry_after, headers=longest.headers)


def _wait(reply: LocalReply) -> float:
    return reply.retry_after or 0.0


def _park(
    passage: Passage, step: Step, request: RequestHead, park: Park, agreed: list[Step]
) -> Park:
    is_new = not passage.held or _regain(passage, step, request, park)
    if passage.parked is not None and passage.parked[1] is not park.place:
        _hold_or_leave(passage, request, agreed)
    if passage.parked is None:
        step.tally.parked += is_new
        passage.parked = (step, park.place)
        passage.waited_for = step
    return park


def _regain(passage: Passage, step: Step, request: RequestHead, park: Park) -> bool:
    """Whether the place is new to it, and not the one that it holds of this gate already.

    What it held there is held no longer: it waits for it once more, or gives it up.
    """
    own = [place for holder, place in passage.held if holder is step]
    passage.held = tuple(one for one in passage.held if one[0] is not step)
    for place in own:
        if place is not park.place:
            step.gate.leave(request, place)
    return park.place not in own


def _hold_or_leave(passage: Passage, request: RequestHead, agreed: list[Step]) -> None:
    """Keep the turn that has come where it waited; give up the place where it has not."""
    parked, passage.parked = passage.parked, None
    if parked is None:
        return
    step, place = parked
    place.wake = None
    if step in agreed:
        passage.held += (parked,)
    else:
        step.gate.leave(request, place)


def _unpark(passage: Passage, request: RequestHead, taken: list[Step] | tuple[()]) -> None:
    parked, passage.parked = passage.parked, None
    places = passage.held if parked is None else (*passage.held, parked)
    if passage.held:
        passage.held = ()
    for step, place in reversed(places):
        place.wake = None
        if step not in taken:
            step.gate.leave(request, place)


def _shadow(
    steps: list[Step] | tuple[Step, ...],
    passage: Passage,
    request: RequestHead,
    now: float,
    *,
    take: bool,
) -> None:
    for step in steps:
        if step.matches is not None and not step.matches(request):
            continue
        verdict = step.peek(request, now)
        if isinstance(verdict, Respond):
            step.tally.refused += 1
            passage.would_refuse += (step.label,)
            passage.shadow_replies += ((step, verdict.reply),)
            continue
        if isinstance(verdict, Park):
            step.tally.parked += 1
            step.gate.leave(request, verdict.place)
        if take:
            step.tally.admitted += 1
            ticket = step.take(request, now)
            if step.settles:
                _keep(passage, step, ticket)
