"""What the rules do: whom they refuse, which breakers are open, who answers in another's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import rule_metrics as r
from sidecar.telemetry.promql import Scope, highest, lowest, now, rate, some, top, total

#: What tells rules apart.
RULE: Final = ("service", "kind", "rule")
_ENFORCED: Final = "enforce"
#: More lines than these nobody reads.
_MOST: Final = 10


def refused(scope: Scope, by: Sequence[str] = RULE) -> str:
    """Requests a second that rules refuse; those in shadow mode refuse nobody."""
    return total(rate(scope(c.DECISIONS, mode=_ENFORCED, outcome="refused"), WINDOW), by)


def most_refused(scope: Scope) -> str:
    """The same of the rules that refuse most, where they refuse at all."""
    return some(top(_MOST, refused(scope)))


def breakers(scope: Scope) -> str:
    """0 for a breaker that is closed, 1 while it probes, 2 while it lets nothing through.

    3 where one instance probes and another lets nothing through.
    """
    opened, probing = (
        highest(now(scope(r.BREAKER_STATE, mode=_ENFORCED, state=state)), RULE)
        for state in ("open", "half_open")
    )
    return f"{opened} * 2 + {probing}"


def degraded(scope: Scope, by: Sequence[str] = (*RULE, "step")) -> str:
    """Answers a second that fallbacks gave, by step; ``none`` where no step could."""
    return some(total(rate(scope(r.FALLBACK_ANSWERS, mode=_ENFORCED), WINDOW), by))


def shedding(scope: Scope) -> str:
    """The share of each priority's requests that is shed for overload."""
    return highest(now(scope(r.SHED_SHARE, mode=_ENFORCED)), ("service", "priority"))


def open_breakers(scope: Scope) -> str:
    """How many breakers let nothing through, in all instances."""
    return total(now(scope(r.BREAKER_STATE, mode=_ENFORCED, state="open")))


def held_in_all(scope: Scope) -> str:
    """How much is in operators' hands, at all instances."""
    return total(now(scope(c.CONTROLS)))


def since_reload(scope: Scope) -> str:
    """For how long the rules of each instance have been in force, in seconds."""
    return f"time() - {highest(now(scope(c.RELOAD_TIME)), ('service', 'instance'))}"


def held(scope: Scope) -> str:
    """How much of what operators can hold is in their hands."""
    return total(now(scope(c.CONTROLS)), ("service", "control"))


def in_force(scope: Scope) -> str:
    """1 where the rule file as it stands is in force, 0 where it has a mistake."""
    return lowest(now(scope(c.RELOAD_SUCCESSFUL)), ("service",))


def files_refused(scope: Scope) -> str:
    """Lists and other files of the rules that cannot be used."""
    return highest(now(scope(c.FILES_REFUSED)), ("service",))
