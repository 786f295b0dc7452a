from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.policies.rate_limit import RateLimitSpec
from sidecar.ruleset.overlap import hidden_routes, pointless_limits
from sidecar.ruleset.path_pattern import path_test
from sidecar.ruleset.sections import RouteSpec


def _routes(*matches: Mapping[str, object]) -> list[RouteSpec]:
    return [
        RouteSpec.model_validate({"name": f"r{number}", "match": match})
        for number, match in enumerate(matches)
    ]


def _limits(*fields: Mapping[str, object]) -> list[RateLimitSpec]:
    return [
        RateLimitSpec.model_validate({"name": f"l{number}", **one})
        for number, one in enumerate(fields)
    ]


@pytest.mark.parametrize(
    "matches, hidden",
    [
        ([{"path": "/a"}, {"path": "/b"}], []),
        ([{"path": "/a"}, {"path": "/a"}], [(1, 0)]),
        ([{"path": "/a/**"}, {"path": "/a"}, {"path": "/a/*/c"}, {"path": "/ab"}],
         [(1, 0), (2, 0)]),
        ([{}, {"path": "/a"}, {"method": "GET"}], [(1, 0), (2, 0)]),
        ([{"path": "/a"}, {}], []),
        ([{"path": ["/a", "/b/**"]}, {"path": ["/b/x", "/a"]}], [(1, 0)]),
        ([{"path": ["/a", "/b"]}, {"path": ["/a", "/c"]}], []),
        ([{"path": "/*"}, {"path": "/a"}, {"path": "/*"}], [(1, 0), (2, 0)]),
        ([{"path": "/**", "method": ["GET", "PUT"]}, {"path": "/a", "method": "GET"}], [(1, 0)]),
        ([{"path": "/**", "method": "GET"}, {"path": "/a", "method": ["GET", "PUT"]}], []),
        ([{"path": "/**", "method": "GET"}, {"path": "/a"}], []),
        ([{"header": {"x": "1"}}, {"header": {"x": "1"}, "path": "/a"}], [(1, 0)]),
        ([{"header": {"x": "1"}}, {"header": {"x": "2"}}], []),
        ([{"user": "eve"}, {"user": "eve"}], [(1, 0)]),
    ],
)  # fmt: skip
def test_hidden_routes(matches: list[dict[str, object]], hidden: list[tuple[int, int]]) -> None:
    assert [*hidden_routes(_routes(*matches))] == hidden


_PATTERN = st.sampled_from(["/a", "/a/b", "/a/*", "/*", "/a/**", "/**", "/*/b", "/a*", "/*/**"])
_MATCH = st.builds(
    lambda path, method: {"path": path, "method": method} if method else {"path": path},
    st.lists(_PATTERN, min_size=1, max_size=2),
    st.sampled_from([[], ["GET"], ["GET", "PUT"]]),
)


@given(st.lists(_MATCH, min_size=2, max_size=5), st.sampled_from(["GET", "PUT"]))
def test_no_request_ever_reaches_a_hidden_route(
    matches: list[dict[str, object]], method: str
) -> None:
    routes = _routes(*matches)
    for number, earlier in hidden_routes(routes):
        assert earlier < number
        for path in (b"/", b"/a", b"/a/", b"/a/b", b"/a/c", b"/x/b", b"/ab", b"/a/b/c", b"/x/y/z"):

            def takes(route: RouteSpec, path: bytes = path) -> bool:
                methods = route.match.method
                return path_test(route.match.path)(path) and (not methods or method in methods)

            assert not takes(routes[number]) or takes(routes[earlier])


@pytest.mark.parametrize(
    "fields, pointless",
    [
        ([{"limit": "5/s"}, {"limit": "6/s"}], [(1, 0)]),
        ([{"limit": "6/s"}, {"limit": "5/s"}], [(0, 1)]),
        ([{"limit": "5/s"}, {"limit": "5/s"}], [(1, 0)]),
        ([{"limit": "5/s", "burst": 9}, {"limit": "6/s"}], []),
        ([{"limit": "5/s", "match": {"path": "/a"}}, {"limit": "6/s"}], []),
        ([{"limit": "5/s", "upstream": "a"}, {"limit": "6/s"}], []),
        ([{"limit": "5/s", "mode": "shadow"}, {"limit": "6/s"}], []),
        ([{"limit": "5/s"}, {"limit": "6/s", "per": "a"}], [(1, 0)]),
        ([{"limit": "5/s", "per": "a"}, {"limit": "6/s"}], []),
        ([{"limit": "5/s", "per": "a"}, {"limit": "6/s", "per": ["b", "a"]}], [(1, 0)]),
        ([{"limit": "5/s", "per": "a"}, {"limit": "6/s", "per": "b"}], []),
        ([{"limit": "5/s"}, {"limit": "6/s"}, {"limit": "7/s"}], [(1, 0), (2, 0)]),
        # what some values have of their own, or are spared
        ([{"limit": "5/s", "per": "a", "overrides": {"x": "9/s"}},
          {"limit": "6/s", "per": "a"}], []),
        ([{"limit": "5/s", "exempt": {"a": "x"}}, {"limit": "6/s"}], []),
        ([{"limit": "5/s", "exempt": {"a": "x"}}, {"limit": "6/s", "exempt": {"a": "x"}}],
         [(1, 0)]),
        ([{"limit": "5/s"}, {"limit": "6/s", "exempt": {"a": "x"}}], [(1, 0)]),
        # windows of one length
        *(([{"limit": "5/s", "algorithm": one}, {"limit": "6/s", "algorithm": one}], [(1, 0)])
          for one in ("fixed_window", "sliding_window", "moving_window")),
        ([{"limit": "5/s", "algorithm": "fixed_window"},
          {"limit": "6/s", "per": "a", "algorithm": "fixed_window"}], []),
        ([{"limit": "5/s", "algorithm": "sliding_window"},
          {"limit": "6/s", "per": "a", "algorithm": "sliding_window"}], [(1, 0)]),
        ([{"limit": "5/s", "algorithm": "fixed_window"},
          {"limit": "600/m", "algorithm": "fixed_window"}], []),
        ([{"limit": "5/s", "algorithm": "fixed_window"},
          {"limit": "6/s", "algorithm": "moving_window"}], []),
        # between windows and buckets
        ([{"limit": "5/s", "algorithm": "moving_window"}, {"limit": "6/s"}], [(1, 0)]),
        ([{"limit": "5/s", "algorithm": "fixed_window"}, {"limit": "6/s"}], []),
        ([{"limit": "5/s"}, {"limit": "10/s", "algorithm": "moving_window"}], [(1, 0)]),
        ([{"limit": "5/s"}, {"limit": "9/s", "algorithm": "moving_window"}], []),
        ([{"limit": "5/s", "algorithm": "warm_up", "warm_up": {"for": "1s", "from": "50%"}},
          {"limit": "6/s"}], [(1, 0)]),
        ([{"limit": "5/s", "algorithm": "pace"}, {"limit": "6/s"}], []),
    ],
)  # fmt: skip
def test_pointless_limits(
    fields: list[dict[str, object]], pointless: list[tuple[int, int]]
) -> None:
    assert [*pointless_limits(_limits(*fields))] == pointless


def test_thousands_of_routes_and_limits_are_no_trouble() -> None:
    """With a comparison of all with all, this would take minutes."""
    routes = _routes(*({"path": f"/area/{number}/**"} for number in range(3000)))
    assert [*hidden_routes(routes)] == []
    limits = _limits(*({"limit": "5/s"} for _ in range(3000)))
    assert len([*pointless_limits(limits)]) == 99
