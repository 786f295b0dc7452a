"""Puts down what the rules knew when they refused, so that it can be explained afterwards.

What a refusal says of itself costs nothing more. Asking the other rules for their numbers does,
and is done for so many requests a second only: an attack is not made worse by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidecar.model.policy import Mode
from sidecar.telemetry.evidence import Evidence, Finding, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.model.verdict import LocalReply
    from sidecar.proxy.exchange import Exchange
    from sidecar.ruleset.routes import Step

#: For how many requests a second every rule is asked for its numbers.
FULLY_EXPLAINED: Final = 20
_NOTHING: Final[dict[str, str | float]] = {}


def testify(exchange: Exchange, reply: LocalReply | None, now: float) -> Evidence:
    """What is known of a request that was refused, would be, or had to wait."""
    decisive = []
    if exchange.waited_for is not None:
        decisive.append(Finding(exchange.waited_for.rule, Said.PARKED, _NOTHING))
    if reply is not None and exchange.refused_by is not None:
        decisive.append(Finding(exchange.refused_by.rule, Said.REFUSED, reply.facts))
    decisive += [
        Finding(step.rule, Said.WOULD_REFUSE, shadow.facts)
        for step, shadow in exchange.shadow_replies
    ]
    chain: tuple[Finding, ...] = ()
    engine = exchange.engine
    if engine.explanations > 0:
        engine.explanations -= 1
        chain = tuple(_everybody(exchange, {one.rule.label: one for one in decisive}, now))
    return Evidence(reply, tuple(decisive), chain)


def _everybody(exchange: Exchange, decisive: dict[str, Finding], now: float) -> Iterator[Finding]:
    request, chain, stop = exchange.request, exchange.chain, exchange.refused_by
    for step in sorted((*chain.enforced, *chain.shadow), key=_order):
        if step.matches is not None and not step.matches(request):
            continue
        known = decisive.get(step.label)
        if known is not None and known.facts:
            yield known
            continue
        said = known.said if known is not None else _said(step, stop)
        yield Finding(step.rule, said, step.gate.facts(request, now))


def _order(step: Step) -> int:
    return step.order


def _said(step: Step, stop: Step | None) -> Said:
    if stop is not None and step.order > stop.order:
        return Said.NOT_ASKED
    return Said.WOULD_ADMIT if step.rule.mode is Mode.SHADOW else Said.ADMITTED
