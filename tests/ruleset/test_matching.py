from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.networks import address_number
from sidecar.model.http import RequestHead
from sidecar.model.policy import Key
from sidecar.model.spec import MatchSpec
from sidecar.ruleset.matching import RouteIndex, compile_match
from sidecar.ruleset.path_pattern import path_test

KEYS = {
    "user": Key("user", lambda request: request.fields.get(b"x-user", b""), 10),
    "tenant": Key("tenant", lambda request: request.path.split(b"/")[1], 10),
}


def _request(
    method: str = "GET",
    path: bytes = b"/",
    query: bytes = b"",
    client: str = "192.0.2.1",
    **fields: str,
) -> RequestHead:
    request = RequestHead(method, path, 1)
    request.path, request.query = path, query
    request.client = client.encode()
    request.client_number = address_number(request.client)
    request.fields = {
        name.replace("_", "-").encode(): value.encode() for name, value in fields.items()
    }
    request.host = request.fields.pop(b"host", b"app.example")
    return request


def _matches(spec: dict[str, object], request: RequestHead) -> bool:
    test = compile_match(MatchSpec.model_validate(spec), KEYS)
    return test is None or test(request)


def test_what_is_settled_by_route_and_path_leaves_nothing_to_test() -> None:
    assert compile_match(MatchSpec(), KEYS) is None
    assert compile_match(MatchSpec.model_validate({"path": "/a", "route": "b"}), KEYS) is None


@pytest.mark.parametrize(
    "spec, request_head, matches",
    [
        ({"method": "GET"}, _request("GET"), True),
        ({"method": "GET"}, _request("HEAD"), False),
        ({"method": ["GET", "HEAD"]}, _request("HEAD"), True),
        ({"method": ["GET", "HEAD"]}, _request("POST"), False),
        ({"client_ip": "192.0.2.0/24"}, _request(), True),
        ({"client_ip": ["10.0.0.0/8", "192.0.2.1"]}, _request(), True),
        ({"client_ip": "10.0.0.0/8"}, _request(), False),
        ({"client_ip": "192.0.2.1"}, _request(client="::ffff:192.0.2.1"), True),
        ({"client_ip": "2001:db8::/32"}, _request(client="2001:db8::7"), True),
        ({"client_ip": "0.0.0.0/0"}, _request(client="unix"), False),
        ({"header": {"X-User": "eve"}}, _request(x_user="eve"), True),
        ({"header": {"x-user": "eve"}}, _request(x_user="Eve"), False),
        ({"header": {"x-user": ["a", "e*"]}}, _request(x_user="eve"), True),
        ({"header": {"x-user": "*"}}, _request(x_user="eve"), True),
        ({"header": {"x-user": "*"}}, _request(), False),
        ({"header": {"host": "*.example"}}, _request(), True),
        ({"header": {"host": "other.*"}}, _request(), False),
        ({"header": {"a": "1", "b": "2"}}, _request(a="1", b="2"), True),
        ({"header": {"a": "1", "b": "2"}}, _request(a="1"), False),
        ({"query": {"page": "1"}}, _request(query=b"a=0&page=1&page=2"), True),
        ({"query": {"page": "2"}}, _request(query=b"page=1&page=2"), False),
        ({"query": {"größe": "sehr klein"}}, _request(query=b"gr%C3%B6%C3%9Fe=sehr+klein"), True),
        ({"query": {"page": "*"}}, _request(query=b"pages=1"), False),
        ({"user": "eve"}, _request(x_user="eve"), True),
        ({"user": ["bob", "*v*"]}, _request(x_user="eve"), True),
        ({"user": "eve"}, _request(x_user="bob"), False),
        ({"user": "*"}, _request(), False),
        ({"tenant": "acme"}, _request(path=b"/acme/x"), True),
        ({"method": "GET", "user": "eve", "tenant": "acme"}, _request(path=b"/acme", x_user="eve"),
         True),
        ({"method": "PUT", "user": "eve", "tenant": "acme"}, _request(path=b"/acme", x_user="eve"),
         False),
        ({"method": "GET", "user": "bob", "tenant": "acme"}, _request(path=b"/acme", x_user="eve"),
         False),
        ({"method": "GET", "user": "eve"}, _request(x_user="eve"), True),
        ({"method": "GET", "user": "eve"}, _request("PUT", x_user="eve"), False),
    ],
)  # fmt: skip
def test_matching(spec: dict[str, object], request_head: RequestHead, matches: bool) -> None:
    assert _matches(spec, request_head) is matches


def _first(routes: Sequence[tuple[MatchSpec, str]], request: RequestHead) -> str:
    """The naive scan that the index must agree with."""
    for spec, name in routes:
        test = compile_match(spec, KEYS)
        if spec.path and not path_test(spec.path)(request.path):
            continue
        if test is None or test(request):
            return name
    return "other"


_PATTERNS = st.sampled_from(
    ["/a", "/a/b", "/a/*", "/*", "/*/b", "/a/**", "/**", "/b", "/a*", "/a/*/c", "/*/*/c", "/"]
)
_MATCHES = st.builds(
    lambda path, method, user: MatchSpec.model_validate(
        {
            name: value
            for name, value in {"path": path, "method": method, "user": user}.items()
            if value
        }
    ),
    st.lists(_PATTERNS, max_size=3),
    st.sampled_from(["", "GET", "POST"]),
    st.sampled_from(["", "eve", "*"]),
)
_REQUESTS = st.builds(
    lambda path, method, user: _request(method, path, **({"x_user": user} if user else {})),
    st.sampled_from([b"/", b"/a", b"/a/b", b"/a/x", b"/x/b", b"/a/x/c", b"/b", b"/zz/y", b"*"]),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["", "eve", "bob"]),
)


@given(st.lists(_MATCHES, max_size=8), st.lists(_REQUESTS, max_size=8))
def test_the_first_route_wins_as_when_asking_one_after_the_other(
    specs: list[MatchSpec], requests: list[RequestHead]
) -> None:
    routes = [(spec, f"route-{number}") for number, spec in enumerate(specs)]
    index = RouteIndex(routes, "other", KEYS)
    for request in requests:
        expected = _first(routes, request)
        assert index.find(request) == expected
        assert index.find(request) == expected  # the second time from memory


def test_memory_of_combinations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.ruleset.matching._REMEMBERED_AT_MOST", 2)
    routes = [(MatchSpec.model_validate({"path": f"/{name}"}), name) for name in "abcd"]
    index = RouteIndex(routes, "other", KEYS)
    for name in "abcdabcd":
        assert index.find(_request(path=f"/{name}".encode())) == name
    assert len(index._candidates) == 2


def test_addresses_are_numbers_for_both_families() -> None:
    # What the table above relies on.
    assert _request(client="10.0.0.1").client_number == int(ip_address("::ffff:10.0.0.1"))
