"""The objectives of a rule file (`slo`), as the requests of each route are held against them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Final

from sidecar.model.http import RequestHead
from sidecar.model.policy import Key
from sidecar.model.spec import MatchSpec
from sidecar.ruleset.matching import Test, compile_match
from sidecar.ruleset.path_index import PathIndex
from sidecar.ruleset.routes import Objective, ObjectiveCount
from sidecar.ruleset.slo_section import SloSpec

#: Finds the counter of an objective by its name.
CountOfObjective = Callable[[str], ObjectiveCount]

#: Above every status.
_ANY_STATUS: Final = 1000


def objectives_of(
    specs: Iterable[SloSpec], route: str, keys: Mapping[str, Key], count_of: CountOfObjective
) -> tuple[Objective, ...]:
    """The objectives that requests of this route may be held against, in the order written."""
    return tuple(
        Objective(
            count_of(spec.name),
            _test(spec.match, keys),
            _ANY_STATUS if spec.good.status_below is None else spec.good.status_below,
            inf if spec.good.faster_than is None else spec.good.faster_than,
        )
        for spec in specs
        if not spec.match.route or route in spec.match.route
    )


def _test(match: MatchSpec, keys: Mapping[str, Key]) -> Test | None:
    """The test for all but the route; None for nothing."""
    rest = compile_match(match, keys)
    if not match.path:
        return rest
    index = PathIndex((pattern, 0) for pattern in match.path)

    def fits(request: RequestHead) -> bool:
        return bool(index.find(request.path)) and (rest is None or rest(request))

    return fits
