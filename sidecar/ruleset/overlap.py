"""Which routes and limits never have a say, because another one always comes first.

Only what is certain is told, and at a cost that grows with the file, not with its square.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations

from sidecar.model.policy import Mode
from sidecar.model.spec import MatchSpec
from sidecar.policies.rate_limit import BUCKETS, WINDOWS, Algorithm, RateLimitSpec
from sidecar.ruleset.path_index import PathIndex
from sidecar.ruleset.path_pattern import ANY_REST, covers, is_literal, segments_of
from sidecar.ruleset.sections import RouteSpec

#: Limits of one scope that are compared with each other; more are not written by hand.
_COMPARED_AT_MOST = 100
#: Those that never let more through than what comes at once and a steady rate.
_STRAIGHT = BUCKETS | {Algorithm.WARM_UP, Algorithm.MOVING_WINDOW}


def hidden_routes(routes: Sequence[RouteSpec]) -> Iterator[tuple[int, int]]:
    """Places of routes that an earlier one takes every request of, and of that earlier one."""
    yield from hidden_matches([route.match for route in routes])


def hidden_matches(matches: Sequence[MatchSpec]) -> Iterator[tuple[int, int]]:
    """Places of matches of which the first wins that never do, and of what wins instead."""
    covering = _Covering(matches)
    for number, match in enumerate(matches):
        for earlier in covering.candidates(number):
            if _takes_all(matches[earlier], match):
                yield number, earlier
                break


class _Covering:
    """Finds the routes whose paths may take in all those of another one."""

    def __init__(self, matches: Sequence[MatchSpec]) -> None:
        self._patterns = [[segments_of(pattern) for pattern in match.path] for match in matches]
        self._index = PathIndex(
            (pattern, number) for number, match in enumerate(matches) for pattern in match.path
        )
        self._same: defaultdict[Hashable, set[int]] = defaultdict(set)
        self._beneath: defaultdict[Hashable, set[int]] = defaultdict(set)
        for number, patterns in enumerate(self._patterns):
            for segments in patterns:
                self._same[segments].add(number)
                if segments[-1] == ANY_REST and is_literal(segments[:-1]):
                    self._beneath[segments[:-1]].add(number)
        self._anywhere = {number for number, match in enumerate(matches) if not match.path}

    def candidates(self, number: int) -> list[int]:
        """Earlier routes for any path, and those that cover each of this one's patterns."""
        covering = [self._covering(segments) for segments in self._patterns[number]]
        found = set.intersection(*covering) if covering else set()
        return sorted(earlier for earlier in found | self._anywhere if earlier < number)

    def _covering(self, segments: tuple[bytes, ...]) -> set[int]:
        if is_literal(segments):
            return {*self._index.find(b"/" + b"/".join(segments))}
        prefixes = (segments[:length] for length in range(len(segments)))
        return self._same[segments].union(*(self._beneath.get(one, ()) for one in prefixes))


def _takes_all(earlier: MatchSpec, later: MatchSpec) -> bool:
    """Whether every request that matches ``later`` certainly matches ``earlier`` too."""
    if earlier.is_everything or earlier == later:
        return True
    for field in earlier.model_fields_set:
        mine, theirs = getattr(earlier, field), getattr(later, field, None)
        if field == "path" and theirs:
            if not all(any(covers(one, other) for one in mine) for other in theirs):
                return False
        elif field == "method" and theirs:
            if not set(theirs) <= set(mine):
                return False
        elif mine != theirs:
            return False
    return True


def pointless_limits(limits: Sequence[RateLimitSpec]) -> Iterator[tuple[int, int]]:
    """Places of limits that refuse nothing which another one lets pass, and of that other one."""
    scopes: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, limit in enumerate(limits):
        if limit.mode is Mode.ENFORCE:
            # Of limits that hold at different times neither stands in for the other.
            scopes[repr(limit.match), frozenset(limit.upstream), limit.window].append(number)
    for members in scopes.values():
        told: set[int] = set()
        for first, second in combinations(members[:_COMPARED_AT_MOST], 2):
            # Of two that are equal, the second is told.
            for loose, strict in ((second, first), (first, second)):
                if not told & {loose, strict} and _makes_pointless(limits[strict], limits[loose]):
                    told.add(loose)
                    yield loose, strict


def _makes_pointless(strict: RateLimitSpec, loose: RateLimitSpec) -> bool:
    """Whether whatever passes ``strict`` certainly passes ``loose``, for the same requests."""
    if strict.overrides or loose.overrides or strict.cost != loose.cost:
        return False
    if strict.exempt and strict.exempt != loose.exempt:
        return False
    # What all callers together may not exceed, no single one of them exceeds.
    return set(strict.per) <= set(loose.per) and _lets_less_through(strict, loose)


def _lets_less_through(strict: RateLimitSpec, loose: RateLimitSpec) -> bool:
    same = strict.algorithm is loose.algorithm
    if same and strict.algorithm in WINDOWS:
        # Fixed windows begin with a first request, which only the same callers have in common.
        alike = strict.algorithm is not Algorithm.FIXED_WINDOW or {*strict.per} == {*loose.per}
        within = strict.limit.per_seconds == loose.limit.per_seconds
        return alike and within and strict.limit.amount <= loose.limit.amount
    if strict.algorithm not in _STRAIGHT:
        return False
    at_once, per_second = strict.burst_tokens, strict.limit.per_second
    if loose.algorithm in BUCKETS:
        return per_second <= loose.limit.per_second and at_once <= loose.burst_tokens
    if loose.algorithm is Algorithm.MOVING_WINDOW:
        return at_once + per_second * loose.limit.per_seconds <= loose.limit.amount
    return False
