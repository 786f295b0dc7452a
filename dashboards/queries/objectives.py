"""How the objectives of the rule files are held, from counters alone: no recorded series is needed.

Whether a shed request is a bad one differs between objectives, so `sidecar_slo_not_shed` stands in
the query as a factor of 1 or 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry.promql import (
    Scope,
    Selector,
    highest,
    increase,
    lowest,
    now,
    rate,
    share,
    total,
)

#: What tells objectives apart.
BY: Final = ("service", "slo")

#: How far back is looked.
Back: TypeAlias = Callable[[Selector], str]


def lately(series: Selector) -> str:
    """Over the window of the screen: as it is now."""
    return rate(series, WINDOW)


def over(window: str) -> Back:
    """Over a window of its own, such as ``1h``."""
    return lambda series: increase(series, window)


def bad(scope: Scope, back: Back = lately) -> str:
    """Requests that cost an objective some of its budget."""
    return f"({_counted(scope, 'bad', back)} + {_shed_that_count(scope, back)})"


def judged(scope: Scope, back: Back = lately) -> str:
    """Requests that an objective is about."""
    return f"({_counted(scope, '!=shed', back)} + {_shed_that_count(scope, back)})"


def good_share(scope: Scope, back: Back = lately) -> str:
    """The share of good requests, by objective."""
    return f"1 - {share(bad(scope, back), judged(scope, back))}"


def good_share_of_all(scope: Scope) -> str:
    """The same of all objectives together."""
    return f"1 - {share(total(bad(scope)), total(judged(scope)))}"


def burn(scope: Scope, back: Back = lately) -> str:
    """How many times faster than it may the budget is used up: at 1 it lasts just long enough."""
    return f"{share(bad(scope, back), judged(scope, back))} / (1 - {target(scope)})"


def worst_burn(scope: Scope, by: tuple[str, ...] = (), back: Back = lately) -> str:
    """The burn of the objective that burns fastest."""
    return highest(burn(scope, back), by)


def budget_left(scope: Scope, window: str) -> str:
    """What is left of the budget, of 1; below 0 more is spent than there was."""
    return f"1 - {burn(scope, over(window))}"


def least_left(scope: Scope, window: str, by: tuple[str, ...] = ()) -> str:
    """What is left of the budget of which least is left."""
    return lowest(budget_left(scope, window), by)


def target(scope: Scope) -> str:
    """The share of good requests that is asked for."""
    return highest(now(scope(c.SLO_TARGET)), BY)


def period(scope: Scope) -> str:
    """Over how long it is to be reached, in seconds."""
    return highest(now(scope(c.SLO_OVER)), BY)


def by_outcome(scope: Scope) -> str:
    """Requests a second by how an objective counts them: what is shed stands apart."""
    return total(rate(scope(c.SLO_REQUESTS), WINDOW), (*BY, "outcome"))


def shed_share(scope: Scope, by: tuple[str, ...] = ()) -> str:
    """What protection costs: requests that a rule turned away so that others are served."""
    shed = total(rate(scope(c.SLO_REQUESTS, outcome="shed"), WINDOW), by)
    return share(shed, total(rate(scope(c.SLO_REQUESTS), WINDOW), by))


def _counted(scope: Scope, outcome: str, back: Back) -> str:
    return total(back(scope(c.SLO_REQUESTS, outcome=outcome)), BY)


def _shed_that_count(scope: Scope, back: Back) -> str:
    counts = highest(now(scope(c.SLO_NOT_SHED)), BY)
    return f"{_counted(scope, 'shed', back)} * {counts}"
