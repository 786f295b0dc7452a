"""``match`` compiled to the quickest test that says the same.

Several values of a field mean *or*, several fields mean *and*. What is missing matches nothing,
not even ``*``. Routes are no matter of requests: which rules hold for a route is settled when
the rules are compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from sidecar.algorithms.globs import Globs
from sidecar.algorithms.networks import Networks
from sidecar.algorithms.parameters import query_reader
from sidecar.model.http import RequestHead
from sidecar.model.policy import Key, KeyReader
from sidecar.model.priority import LEVELS
from sidecar.model.spec import MatchSpec
from sidecar.ruleset.keys import header_reader
from sidecar.ruleset.path_index import PathIndex

T = TypeVar("T")
Test = Callable[[RequestHead], bool]

#: Combinations of routes for which the order of asking is remembered.
_REMEMBERED_AT_MOST = 1024


def compile_match(spec: MatchSpec, keys: Mapping[str, Key]) -> Test | None:
    """The test for what is left of ``spec`` once route and path are settled; None for nothing."""
    tests: list[Test] = []
    if spec.method:
        tests.append(_method_test(spec.method))
    if spec.priority:
        levels = frozenset(LEVELS[word] for word in spec.priority)
        tests.append(lambda request: request.priority in levels)
    if spec.client_ip:
        networks = Networks(spec.client_ip)
        tests.append(lambda request: networks.contains(request.client_number))
    for name, globs in spec.header.items():
        tests.append(_value_test(header_reader(name.encode("ascii")), globs))
    for name, globs in spec.keys.items():
        tests.append(_value_test(keys[name].read, globs))
    for name, globs in spec.query.items():
        tests.append(_value_test(query_reader(name.encode()), globs))
    return _all_of(tests)


class RouteIndex(Generic[T]):
    """The first route that matches a request."""

    def __init__(
        self, routes: Iterable[tuple[MatchSpec, T]], other: T, keys: Mapping[str, Key]
    ) -> None:
        """``routes`` are in the order in which they win; ``other`` is for what matches none."""
        self._routes: list[tuple[Test | None, T]] = []
        patterns: list[tuple[str, int]] = []
        anywhere: set[int] = set()
        for number, (spec, route) in enumerate(routes):
            self._routes.append((compile_match(spec, keys), route))
            patterns += [(pattern, number) for pattern in spec.path]
            if not spec.path:
                anywhere.add(number)
        self._other = other
        self._index = PathIndex(patterns)
        #: Numbers of the routes that hold for any path.
        self._anywhere = frozenset(anywhere)
        self._candidates: dict[frozenset[int], tuple[tuple[Test | None, T], ...]] = {}

    def find(self, request: RequestHead) -> T:
        """The first route, in the order given, that the request matches."""
        found = self._index.find(request.path)
        candidates = self._candidates.get(found)
        if candidates is None:
            candidates = self._in_order(found)
        for test, route in candidates:
            if test is None or test(request):
                return route
        return self._other

    def _in_order(self, found: frozenset[int]) -> tuple[tuple[Test | None, T], ...]:
        candidates = tuple(self._routes[number] for number in sorted(found | self._anywhere))
        if len(self._candidates) < _REMEMBERED_AT_MOST:
            self._candidates[found] = candidates
        return candidates


def _method_test(methods: tuple[str, ...]) -> Test:
    if len(methods) == 1:
        only = methods[0]
        return lambda request: request.method == only
    among = frozenset(methods)
    return lambda request: request.method in among


def _value_test(read: KeyReader, globs: tuple[str, ...]) -> Test:
    match = Globs(globs).match

    def test(request: RequestHead) -> bool:
        value = read(request)
        return value != b"" and match(value)

    return test


def _all_of(tests: list[Test]) -> Test | None:
    if len(tests) > 2:
        several = tuple(tests)
        return lambda request: all(test(request) for test in several)
    if len(tests) == 2:
        first, second = tests
        return lambda request: first(request) and second(request)
    return tests[0] if tests else None
