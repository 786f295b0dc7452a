"""Which rules hold for a request, found without asking those that hold for others.

Route and upstream are settled when compiling. What depends on the path is found by one look-up
of the path, and the chain that results is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.model.http import RequestHead
from sidecar.model.policy import Mode, Stage
from sidecar.ruleset.path_index import PathIndex
from sidecar.ruleset.path_pattern import has_readings, readings
from sidecar.ruleset.routes import Chain, Clause, Step

#: Combinations of path-bound rules whose chain is remembered, per route.
_REMEMBERED_AT_MOST = 1024


@dataclass(frozen=True, slots=True)
class Governed:
    """A rule with what it governs; empty sets for everything."""

    step: Clause[Any]
    routes: frozenset[str]
    paths: Sequence[str]
    #: It holds if any plausible reading of the path is one of ``paths``.
    any_reading: bool
    upstreams: frozenset[str]


class Chains:
    """Makes the chains of all routes of a rule set."""

    def __init__(self, governed: Sequence[Governed]) -> None:
        """``governed`` is in the order of the chain."""
        self._governed = governed

    def of(
        self, route: str, upstream: str, *, arriving: bool = True
    ) -> tuple[Chain, Callable[[RequestHead], Chain] | None]:
        """The chain of a route, and what finds it where it depends on the path.

        Rules that name no upstream hold for what arrives (``arriving``), the others for whatever
        goes to their upstreams.
        """
        mine = [
            one
            for one in self._governed
            if (not one.routes or route in one.routes)
            and (upstream in one.upstreams if one.upstreams else arriving)
        ]
        free = [one.step for one in mine if not one.paths]
        bound = [one for one in mine if one.paths]
        return _chain(free), _ByPath(free, bound).find if bound else None


def _chain(clauses: Iterable[Clause[Any]]) -> Chain:
    ordered = sorted(clauses, key=lambda clause: clause.order)
    steps = [clause for clause in ordered if isinstance(clause, Step)]
    return Chain(
        enforced=tuple(step for step in steps if step.rule.mode is Mode.ENFORCE),
        shadow=tuple(step for step in steps if step.rule.mode is Mode.SHADOW),
        retries=tuple(one for one in ordered if one.policy.stage is Stage.RETRY),
        fallbacks=tuple(one for one in ordered if one.policy.stage is Stage.FALLBACK),
    )


class _ByPath:
    """The chain of a route with rules that are bound to paths."""

    def __init__(self, free: list[Clause[Any]], bound: list[Governed]) -> None:
        self._free = free
        self._steps = {one.step.order: one.step for one in bound}
        self._index = PathIndex((pattern, one.step.order) for one in bound for pattern in one.paths)
        #: Those that every plausible reading of a path is held against.
        self._strict = frozenset(one.step.order for one in bound if one.any_reading)
        self._chains: dict[frozenset[int], Chain] = {}

    def find(self, request: RequestHead) -> Chain:
        path = request.path
        found = self._index.find(path)
        if self._strict and has_readings(path):
            for reading in readings(path):
                found |= self._index.find(reading) & self._strict
        chain = self._chains.get(found)
        if chain is None:
            chain = _chain([*self._free, *(self._steps[order] for order in found)])
            if len(self._chains) < _REMEMBERED_AT_MOST:
                self._chains[found] = chain
        return chain
