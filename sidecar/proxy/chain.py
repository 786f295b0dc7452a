"""Asks every rule of a route in turn, and tells each how the request ended.

A gate first *peeks*; only when every enforced gate has agreed does each *take*, so that a refusal
by one leaves no trace in the others. Shadow rules are asked here, once for all kinds: after the
enforced verdict, with state of their own, unable to change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT, Admit, LocalReply, Park, Place, Respond

if TYPE_CHECKING:
    from sidecar.model.outcome import Outcome
    from sidecar.model.policy import Ticket
    from sidecar.ruleset.routes import Chain, Step


#: Shared by every passage that took nothing it must give back; never written to.
NO_TICKETS: list[tuple[Step, Ticket]] = []


class Passage:
    """The way of one request through a chain: what it took, where it waits.

    The defaults are the class's, so that a request that takes nothing special stores nothing.
    """

    tickets = NO_TICKETS
    parked: tuple[Step, Place] | None = None
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
        else:
            return _stop(chain, passage, step, request, verdict, now)
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


def _stop(
    chain: Chain,
    passage: Passage,
    step: Step,
    request: RequestHead,
    verdict: Park | Respond,
    now: float,
) -> LocalReply | Park:
    match verdict:
        case Park():
            return _park(passage, step, request, verdict)
        case Respond(reply):
            _refuse(chain, passage, step, request, now)
            return reply
        case _:
            assert_never(verdict)


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


def _refuse(chain: Chain, passage: Passage, step: Step, request: RequestHead, now: float) -> None:
    step.tally.refused += 1
    passage.refused_by = step
    if passage.parked is not None:
        _unpark(passage, request, taken=())
    # A shadow rule further down would not have seen this request.
    before = [one for one in chain.shadow if one.order < step.order]
    if before:
        _shadow(before, passage, request, now, take=False)


def _park(passage: Passage, step: Step, request: RequestHead, park: Park) -> Park:
    if passage.parked is not None and passage.parked[1] is not park.place:
        _unpark(passage, request, taken=())
    if passage.parked is None:
        step.tally.parked += 1
        passage.parked = (step, park.place)
        passage.waited_for = step
    return park


def _unpark(passage: Passage, request: RequestHead, taken: list[Step] | tuple[()]) -> None:
    parked, passage.parked = passage.parked, None
    if parked is not None:
        step, place = parked
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
