from __future__ import annotations

import pytest

from sidecar.offline.question import Arrived, NoSuchRequest, Question, arrive
from tests.ruleset.compiled import compiled, rule_file

RULES = rule_file("""
trust: {callers: [10.0.0.0/8], proxies: [10.0.0.0/8]}
keys:
  user: {from: header, name: x-user-id}
  agent: {from: header, name: user-agent, believe: anyone}
rate_limits: [{name: each, per: [user, agent], limit: 5/s}]
""")


def arrived(line: str, *headers: str, client: str = "192.0.2.1") -> Arrived:
    return arrive(Question(line, headers, client), compiled(RULES))


def test_a_request_is_read_as_the_data_path_reads_it() -> None:
    request = arrived("POST /a/../orders?page=2", "User-Agent: curl").request
    assert (request.method, request.path, request.query) == ("POST", b"/orders", b"page=2")
    assert request.fields == {b"user-agent": b"curl"}
    assert (request.client, request.host) == (b"192.0.2.1", b"localhost")


def test_a_path_alone_is_a_get() -> None:
    assert arrived("/orders").request.method == "GET"


def test_a_host_may_be_given() -> None:
    assert arrived("/", "Host: shop.example").request.host == b"shop.example"


def test_what_a_client_is_not_believed_about_is_removed_and_named() -> None:
    stranger = arrived("/", "x-user-id: 42", "user-agent: curl")
    assert stranger.removed == ("x-user-id",)
    assert b"x-user-id" not in stranger.request.fields
    colleague = arrived("/", "x-user-id: 42", client="10.1.2.3")
    assert colleague.removed == ()
    assert colleague.request.fields == {b"x-user-id": b"42"}


def test_a_proxy_is_believed_about_its_client() -> None:
    request = arrived("/", "X-Forwarded-For: 198.51.100.9", client="10.1.2.3").request
    assert request.client == b"198.51.100.9"


def test_a_unix_socket_is_a_client_too() -> None:
    assert arrived("/", client="unix").request.client == b"unix"


@pytest.mark.parametrize(
    "line, headers, client, said",
    [
        ("orders", (), "192.0.2.1", "'orders' is no request; write --request 'GET /orders?page=2'"),
        ("", (), "192.0.2.1", "is no request"),
        ("/", ("x-user-id 42",), "192.0.2.1", "'x-user-id 42' is no header field; write --header"),
        ("/", (": 42",), "192.0.2.1", "is no header field"),
        ("/", (), "nobody", "'nobody' is no address; write --client 192.0.2.1 or unix"),
        ("/%00", (), "192.0.2.1", "it is answered with 400 bad_request before any rule is asked"),
        ("/", ("host: a", "host: b"), "192.0.2.1", "answered with 400 bad_request"),
        ("/", ("x y: z",), "192.0.2.1", "answered with 400 bad_request"),
        ("GET / HTTP/1.1\r\nX: y", (), "192.0.2.1", "is no request"),
        ("G\u00cbT /", (), "192.0.2.1", "answered with 400 bad_request"),
    ],
)
def test_what_is_no_request_is_said(
    line: str, headers: tuple[str, ...], client: str, said: str
) -> None:
    with pytest.raises(NoSuchRequest) as raised:
        arrived(line, *headers, client=client)
    assert said in str(raised.value)
