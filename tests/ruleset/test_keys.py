from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.ruleset.check import check
from sidecar.ruleset.keys import (
    compile_keys,
    fields_referred_to,
    header_reader,
    is_identity,
    refusal_of_header,
)
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.sections import KeySpec

START = """\
format: sidecar/v1
service: shop
listeners: {inbound: {bind: "127.0.0.1:8080"}}
upstreams: {app: {url: "http://127.0.0.1:9000"}}
"""


def _file(text: str) -> RuleFile:
    checked = check(START + text, "a.yaml")
    assert checked.file is not None, checked.diagnostics
    return checked.file


def _request(path: bytes = b"/", query: bytes = b"", **fields: bytes) -> RequestHead:
    request = RequestHead("GET", path, 1)
    request.path, request.query = path, query
    request.client, request.host = b"192.0.2.1", b"app.example:8080"
    request.fields = {name.replace("_", "-").encode(): value for name, value in fields.items()}
    return request


def _read(key: str, request: RequestHead) -> bytes:
    return compile_keys(_file(f"keys: {{k: {key}}}\n"))["k"].read(request)


@pytest.mark.parametrize(
    "key, request_head, value",
    [
        ("{from: client.address}", _request(), b"192.0.2.1"),
        ("{from: header, name: X-User}", _request(x_user=b"eve"), b"eve"),
        ("{from: header, name: X-User}", _request(), b""),
        ("{from: header, name: Host}", _request(), b"app.example:8080"),
        ("{from: header, name: x, default: nobody}", _request(), b"nobody"),
        ("{from: header, name: x, default: nobody}", _request(x=b""), b"nobody"),
        ("{from: header, name: x, default: größe}", _request(), "größe".encode()),
        ("{from: cookie, name: sid}", _request(cookie=b"sid=7"), b"7"),
        ("{from: cookie, name: sid}", _request(cookie=b"a=b; sid=7; c=d"), b"7"),
        ("{from: cookie, name: sid}", _request(cookie=b"a=b;sid=7 ;c=d"), b"7"),
        ("{from: cookie, name: sid}", _request(cookie=b"a=b;  \tsid=7"), b"7"),
        ("{from: cookie, name: sid}", _request(cookie=b"xsid=1; sid=7; sid=8"), b"7"),
        ("{from: cookie, name: sid}", _request(cookie=b"a=sid=9; sid=7=x"), b"7=x"),
        ("{from: cookie, name: sid}", _request(cookie=b"sidx=1; SID=2"), b""),
        ("{from: cookie, name: s.d}", _request(cookie=b"sxd=1; s.d=2"), b"2"),
        ("{from: cookie, name: sid}", _request(), b""),
        ("{from: query, name: sku}", _request(query=b"sku=1&sku=2"), b"1"),
        ("{from: query, name: sku}", _request(query=b"a=b&sku=1"), b"1"),
        ("{from: query, name: sku}", _request(query=b"xsku=1&sku"), b""),
        ("{from: query, name: sku}", _request(query=b"s%6bu=a+b%2Bc"), b"a b+c"),
        ("{from: query, name: sku}", _request(query=b"x=%&sku=100%"), b"100%"),
        ("{from: query, name: 'a b'}", _request(query=b"a+b=1"), b"1"),
        ("{from: query, name: sku}", _request(), b""),
        ("{from: path, segment: 1}", _request(b"/skus/7/stock"), b"skus"),
        ("{from: path, segment: 2}", _request(b"/skus/7/stock"), b"7"),
        ("{from: path, segment: 3}", _request(b"/skus/7"), b""),
        ("{from: path, segment: 1}", _request(b"/"), b""),
        ("{from: path, segment: 2}", _request(b"/a//b"), b""),
    ],
)  # fmt: skip
def test_where_values_come_from(key: str, request_head: RequestHead, value: bytes) -> None:
    assert _read(key, request_head) == value


def test_stand_ins_are_asked_in_turn() -> None:
    keys = compile_keys(
        _file("""\
keys:
  user: {from: header, name: x-user, or: session}
  session: {from: cookie, name: sid, or: page}
  page: {from: query, name: p, default: none}
""")
    )
    full = _request(query=b"p=3", x_user=b"eve", cookie=b"sid=7")
    assert keys["user"].read(full) == b"eve"
    assert keys["session"].read(full) == b"7"
    assert keys["user"].read(_request(query=b"p=3", cookie=b"sid=7")) == b"7"
    assert keys["user"].read(_request(query=b"p=3", x_user=b"", cookie=b"sid=")) == b"3"
    assert keys["user"].read(_request()) == b"none"
    assert keys["session"].read(_request()) == b"none"


def test_a_key_says_how_many_values_are_tracked() -> None:
    keys = compile_keys(
        _file("keys: {a: {from: client.address, track_at_most: 7}, b: {from: client.address}}\n")
    )
    assert (keys["a"].name, keys["a"].track_at_most) == ("a", 7)
    assert keys["b"].track_at_most == 10_000


def test_which_header_fields_a_file_looks_at() -> None:
    file = _file("""\
trust: {callers: [10.0.0.0/8]}
keys:
  user: {from: header, name: X-User-Id}
  agent: {from: header, name: User-Agent, believe: anyone}
  session: {from: cookie, name: sid}
  host: {from: header, name: host}
  client: {from: client.address}
routes:
  - {name: a, match: {path: /a, header: {Accept: "*json*", X-User-Id: "*", Host: "*"}}}
rate_limits:
  - {name: a, per: [user, agent, session, host, client], limit: 1/s, match: {header: {X-Beta: "1"}}}
""")
    watched, identity = fields_referred_to(file)
    assert watched == {b"user-agent", b"cookie", b"accept", b"x-beta"}
    assert identity == {b"x-user-id"}


def test_a_file_without_keys_looks_at_nothing() -> None:
    assert fields_referred_to(_file("")) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    "key, claims",
    [
        ({"from": "header", "name": "x-user"}, True),
        ({"from": "header", "name": "x-user", "believe": "anyone"}, False),
        ({"from": "header", "name": "Host"}, False),
        ({"from": "cookie", "name": "x-user"}, False),
    ],
)
def test_which_keys_claim_an_identity(key: dict[str, str], claims: bool) -> None:
    assert is_identity(KeySpec.model_validate(key)) is claims


@pytest.mark.parametrize("name", ["x-user", "User-Agent", "cookie", "Host", "authorization"])
def test_header_fields_that_rules_may_refer_to(name: str) -> None:
    assert refusal_of_header(name) == ""


@pytest.mark.parametrize(
    "name, reason",
    [
        ("X-Forwarded-For", "client.address"),
        ("forwarded", "client.address"),
        ("Connection", "belongs to the connection"),
        ("transfer-encoding", "belongs to the connection"),
        ("traceparent", "written by the sidecar"),
        ("X-Forwarded-Port", "what proxies tell the service"),
        ("x-forwarded-host", "written by the sidecar"),
    ],
)
def test_header_fields_that_rules_may_not_refer_to(name: str, reason: str) -> None:
    assert reason in refusal_of_header(name)


def test_readers_for_match() -> None:
    assert header_reader(b"x")(_request(x=b"1")) == b"1"
    assert header_reader(b"host")(_request()) == b"app.example:8080"


@pytest.mark.parametrize(
    "keys, watched, identity",
    [
        ("{}", set(), {b"x-cost"}),
        ("{cost: {from: header, name: x-cost}}", set(), {b"x-cost"}),
        ("{cost: {from: header, name: x-cost, believe: anyone}}", {b"x-cost"}, set()),
    ],
)
def test_a_cost_that_a_request_tells_is_believed_from_callers(
    keys: str, watched: set[bytes], identity: set[bytes]
) -> None:
    cost = "cost: {from: request_header, name: X-Cost}"
    rules = f"keys: {keys}\nrate_limits:\n  - {{name: a, limit: 5 units/s, {cost}}}\n"
    assert fields_referred_to(_file(rules)) == (frozenset(watched), frozenset(identity))
