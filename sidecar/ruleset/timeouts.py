"""How long a request may take: what its route says, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.routes import Timeouts
from sidecar.ruleset.schema import OTHER, RuleFile
from sidecar.ruleset.sections import TimeoutsSpec


def timeouts_in_force(own: TimeoutsSpec, common: TimeoutsSpec) -> Timeouts:
    """The timeouts of a route that says ``own`` in a file that says ``common``."""
    default = Timeouts()
    request = _first(own.request, common.request, default.request)
    per_try = _first(own.per_try, common.per_try, default.per_try)
    return Timeouts(
        request=request,
        per_try=min(per_try, request),
        idle=_first(own.idle, common.idle, default.idle),
    )


def never_slow(file: RuleFile) -> Iterator[tuple[Path, float]]:
    """Where a breaker calls slow what takes longer than any try may, and how long one may take."""
    for index, breaker in enumerate(file.breakers):
        longest = _longest_try(file, breaker)
        for place, condition in breaker.open_when.conditions:
            limit = condition.slower_than
            if limit is not None and limit >= longest and breaker.mode is not Mode.DISABLED:
                yield ("breakers", index, "open_when", *place, "slower_than"), longest


def _longest_try(file: RuleFile, rule: RuleSpec) -> float:
    """The longest ``per_try`` of the routes that a rule may govern."""
    return max(one.per_try for one in timeouts_of(file, rule))


def timeouts_of(file: RuleFile, rule: RuleSpec) -> list[Timeouts]:
    """The timeouts of the routes that a rule may govern."""
    own = {route.name: route.timeouts for route in file.routes} | {OTHER: TimeoutsSpec()}
    names = rule.match.route or tuple(own)
    return [timeouts_in_force(own[name], file.timeouts) for name in names]


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
