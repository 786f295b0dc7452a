"""The priority of a request: the first entry of `priorities` that matches it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sidecar.model.http import RequestHead
from sidecar.model.policy import Key
from sidecar.model.priority import LEVELS, MEDIUM
from sidecar.model.spec import MatchSpec
from sidecar.ruleset.keys import header_reader
from sidecar.ruleset.matching import RouteIndex
from sidecar.ruleset.sections import PrioritySpec

_Finder = Callable[[RequestHead], int]
_BY_VALUE: Final = {word.encode(): level for word, level in LEVELS.items()}


def priority_finder(
    priorities: Sequence[PrioritySpec], route: str, keys: Mapping[str, Key]
) -> _Finder | None:
    """What finds the priority of the requests of a route; None when none of them can have any."""
    mine = [one for one in priorities if not one.match.route or route in one.match.route]
    if not mine:
        return None
    index = RouteIndex([(full_match(one), _level(one)) for one in mine], _always(MEDIUM), keys)
    find = index.find
    return lambda request: find(request)(request)


def full_match(spec: PrioritySpec) -> MatchSpec:
    """All that a request must be like, the level that it has to name included."""
    told_by = spec.told_by
    if told_by is None:
        return spec.match
    header = {**spec.match.header, told_by.field_name.decode(): tuple(LEVELS)}
    return spec.match.model_copy(update={"header": header})


def _level(spec: PrioritySpec) -> _Finder:
    told_by = spec.told_by
    if told_by is None:
        return _always(LEVELS[str(spec.level)])
    read = header_reader(told_by.field_name)
    return lambda request: _BY_VALUE[read(request)]


def _always(level: int) -> _Finder:
    return lambda _: level
