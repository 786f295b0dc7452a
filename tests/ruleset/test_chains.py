"""Which rules hold for a request: the same as if each were asked, without asking each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.model.policy import GateBasics, Mode, Rule, Stage, Ticket
from sidecar.model.verdict import ADMIT, Verdict
from sidecar.ruleset import chains
from sidecar.ruleset.chains import Chains, Governed
from sidecar.ruleset.path_pattern import path_test, readings
from sidecar.ruleset.routes import Chain, Step
from tests.ruleset.compiled import Count, request


class _Open(GateBasics):
    """Has nothing against anybody."""

    stage = Stage.ACCESS

    def peek(self, _request: RequestHead, _now: float) -> Verdict:
        return ADMIT

    def take(self, _request: RequestHead, _now: float) -> Ticket:
        return 0

    def adopt(self, predecessor: _Open, now: float) -> None:
        raise NotImplementedError


def _governed(
    order: int,
    *paths: str,
    mode: Mode = Mode.ENFORCE,
    routes: str = "",
    upstreams: str = "",
    any_reading: bool = False,
) -> Governed:
    rule = Rule("nothings", f"r{order}", mode, "a.yaml:1")
    return Governed(
        step=Step(rule, _Open(), None, Count(), order),
        routes=frozenset(routes.split()),
        paths=paths,
        any_reading=any_reading,
        upstreams=frozenset(upstreams.split()),
    )


def _find(
    governed: list[Governed], path: str, route: str = "other", upstream: str = "app"
) -> Chain:
    chain, find = Chains(governed).of(route, upstream)
    return chain if find is None else find(request(path))


def _numbers(chain: Chain) -> tuple[list[int], list[int]]:
    return [step.order for step in chain.enforced], [step.order for step in chain.shadow]


def test_without_paths_the_chain_of_a_route_is_settled() -> None:
    chain, find = Chains([_governed(0), _governed(1, mode=Mode.SHADOW), _governed(2)]).of("a", "b")
    assert find is None
    assert _numbers(chain) == ([0, 2], [1])


def test_no_rules_make_an_empty_chain() -> None:
    assert Chains([]).of("other", "app") == (Chain(), None)


@pytest.mark.parametrize(
    "route, upstream, found",
    [
        ("a", "app", [0, 1, 3]),
        ("b", "app", [0, 3]),
        ("b", "web", [0, 2]),
        ("a", "web", [0, 1, 2]),
        ("c", "db", [0]),
    ],
)
def test_a_rule_holds_for_its_routes_and_its_upstreams(
    route: str, upstream: str, found: list[int]
) -> None:
    governed = [
        _governed(0),
        _governed(1, routes="a"),
        _governed(2, upstreams="web"),
        _governed(3, routes="a b", upstreams="app cache"),
    ]
    assert _numbers(_find(governed, "/", route, upstream)) == (found, [])


def test_rules_that_no_request_of_a_route_can_meet_cost_it_nothing() -> None:
    governed = [_governed(0, "/a", routes="a"), _governed(1, "/b", upstreams="web")]
    assert Chains(governed).of("b", "app") == (Chain(), None)


def test_several_paths_of_a_rule_make_it_hold_once() -> None:
    governed = [_governed(0, "/a/*", "/a/**", "/a/b")]
    assert _numbers(_find(governed, "/a/b")) == ([0], [])


def test_a_chain_is_made_once_for_all_paths_that_meet_the_same_rules() -> None:
    governed = [_governed(0, "/a/**"), _governed(1)]
    _, find = Chains(governed).of("other", "app")
    assert find is not None
    assert find(request("/a/1")) is find(request("/a/2"))
    assert find(request("/b")) is not find(request("/a/1"))
    assert find(request("/b")) is find(request("/c"))


def test_more_combinations_than_are_remembered_are_made_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chains, "_REMEMBERED_AT_MOST", 1)
    _, find = Chains([_governed(0, "/a"), _governed(1, "/b")]).of("other", "app")
    assert find is not None
    assert find(request("/a")) is find(request("/a"))
    assert find(request("/b")) is not find(request("/b"))
    assert _numbers(find(request("/b"))) == ([1], [])


PATTERNS = ["/a", "/a/*", "/a/**", "/*/b", "/b/**", "/a/b", "/**"]
PATHS = [
    "/",
    "/a",
    "//a",
    "/a/b",
    "/a//b",
    "/%61",
    "/a%2Fb",
    "/a;x/b",
    "/b/a/c",
    "/c;/a",
    "/a/..;/b",
]
_RULES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(PATTERNS), max_size=2),
        st.sampled_from([Mode.ENFORCE, Mode.SHADOW]),
        st.booleans(),
        st.sampled_from(["", "a", "a b"]),
        st.sampled_from(["", "app", "app web"]),
    ),
    max_size=8,
)


@given(
    drawn=_RULES,
    path=st.sampled_from(PATHS),
    route=st.sampled_from(["a", "b", "other"]),
    upstream=st.sampled_from(["app", "web"]),
)
def test_it_is_as_if_each_rule_were_asked(
    drawn: list[tuple[list[str], Mode, bool, str, str]], path: str, route: str, upstream: str
) -> None:
    governed = [
        _governed(order, *paths, mode=mode, any_reading=strict, routes=routes, upstreams=upstreams)
        for order, (paths, mode, strict, routes, upstreams) in enumerate(drawn)
    ]
    expected: tuple[list[int], list[int]] = ([], [])
    for order, (paths, mode, strict, routes, upstreams) in enumerate(drawn):
        read = readings(path.encode()) if strict else [path.encode()]
        if (
            (not paths or any(map(path_test(paths), read)))
            and (not routes or route in routes.split())
            and (not upstreams or upstream in upstreams.split())
        ):
            expected[mode is Mode.SHADOW].append(order)
    assert _numbers(_find(governed, path, route, upstream)) == expected
