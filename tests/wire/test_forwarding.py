"""The heads that go on: what is continued, what is said anew, what is left out."""

from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead, ResponseHead
from sidecar.wire.forwarding import (
    BY_CHUNKS,
    BY_CLOSE,
    BY_LENGTH,
    NO_BODY,
    interim_head,
    peer_stamp,
    proxied_stamp,
    request_head,
    request_head_with,
    response_framing,
    response_head,
)
from sidecar.wire.head import HeadLimits, parse_request, parse_response
from sidecar.wire.names import REQUEST_KINDS, RESPONSE_KINDS, NameTable
from tests.wire.traced import Ids

STAMP = peer_stamp(b"shop-1", b"192.0.2.7", b"http")


def read_request(*lines: bytes, start: bytes = b"GET /a?b=c HTTP/1.1") -> RequestHead:
    data = b"\r\n".join([start, b"Host: shop.example", *lines])
    head = parse_request(data, len(data), NameTable(REQUEST_KINDS), HeadLimits())
    head.path, _, head.query = head.target.partition(b"?")
    return head


def read_response(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> ResponseHead:
    data = b"\r\n".join([start, *lines])
    return parse_response(data, len(data), NameTable(RESPONSE_KINDS))


def sent(head: RequestHead, stamp: bytes = STAMP) -> list[bytes]:
    data = request_head(head, stamp, Ids())
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n\r\n") == 1
    return data[:-4].split(b"\r\n")


def test_a_request_goes_on_in_its_order_with_what_the_sidecar_answers_for() -> None:
    head = read_request(b"B: 1", b"A: 2", b"b: 3")
    assert sent(head) == [
        b"GET /a?b=c HTTP/1.1",
        b"Host: shop.example",
        b"B: 1",
        b"A: 2",
        b"b: 3",
        b"Via: 1.1 shop-1",
        b"X-Forwarded-For: 192.0.2.7",
        b"X-Forwarded-Proto: http",
        b"x-request-id: id-1",
        b"traceparent: 00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01",
        b"x-sidecar-trace: tell",
    ]


def test_it_goes_on_with_the_path_as_it_was_read() -> None:
    head = read_request(start=b"GET /a/../b?x=/../ HTTP/1.1")
    head.path = b"/b"
    assert sent(head)[0] == b"GET /b?x=/../ HTTP/1.1"


def test_hop_by_hop_fields_stay_here() -> None:
    head = read_request(
        b"Connection: keep-alive, x-private",
        b"Keep-Alive: timeout=5",
        b"Proxy-Authorization: Basic x",
        b"X-Private: 1",
        b"X-Public: 2",
    )
    lines = sent(head)
    assert b"X-Public: 2" in lines
    assert not [
        line for line in lines if line.lower().startswith((b"connection", b"keep-", b"proxy-"))
    ]
    assert not [line for line in lines if line.startswith(b"X-Private")]


def test_without_a_trace_nothing_is_asked_about_it() -> None:
    data = request_head_with(read_request(b"tracestate: a=1"), STAMP, Ids())
    assert data.endswith(b"x-request-id: id-1\r\n\r\n")
    assert b"trace" not in data
    assert request_head_with(read_request(), STAMP, Ids(), b"b3: 0\r\n").endswith(
        b"\r\nb3: 0\r\n\r\n"
    )


def test_an_upgrade_a_wish_for_trailers_and_an_expectation_are_asked_again() -> None:
    upgrade = sent(read_request(b"Connection: Upgrade", b"Upgrade: websocket"))
    assert upgrade[-5:-3] == [b"Connection: upgrade", b"Upgrade: websocket"]
    assert b"Connection: TE" in sent(read_request(b"TE: trailers"))
    assert b"Expect: 100-continue" in sent(read_request(b"Expect: 100-continue"))


def test_tracestate_and_max_forwards_go_on_as_they_were_left() -> None:
    head = read_request(b"tracestate: a=1", b"tracestate: b=2", b"Max-Forwards: 4")
    data = request_head(head, STAMP, Ids(trace_state=b"a=1, b=2"))
    lines = data.split(b"\r\n")
    assert b"tracestate: a=1, b=2" in lines
    assert b"Max-Forwards: 4" in lines


@pytest.mark.parametrize("address, expected", [
    (b"192.0.2.7", b"Via: 1.1 me\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"),
    (b"", b"Via: 1.1 me\r\nX-Forwarded-Proto: https\r\n"),
])  # fmt: skip
def test_a_stranger_is_described_anew(address: bytes, expected: bytes) -> None:
    assert peer_stamp(b"me", address, b"https") == expected


CLAIMS = (
    b"Via: 1.0 before",
    b"X-Forwarded-For: 203.0.113.9",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Host: front.example",
    b"Forwarded: for=203.0.113.9",
)


def test_what_a_stranger_claims_is_replaced_but_for_via() -> None:
    stamp = proxied_stamp(read_request(*CLAIMS), b"me", b"192.0.2.7", believed=False)
    assert stamp == (
        b"Via: 1.0 before, 1.1 me\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
    )


def test_what_a_trusted_proxy_says_is_continued() -> None:
    stamp = proxied_stamp(read_request(*CLAIMS), b"me", b"192.0.2.7", believed=True)
    assert stamp.split(b"\r\n") == [
        b"Via: 1.0 before, 1.1 me",
        b"X-Forwarded-For: 203.0.113.9, 192.0.2.7",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: front.example",
        b"Forwarded: for=203.0.113.9, for=192.0.2.7;host=shop.example;proto=http",
        b"",
    ]


def test_a_trusted_proxy_on_a_unix_socket_adds_no_address() -> None:
    stamp = proxied_stamp(read_request(*CLAIMS), b"me", b"", believed=True)
    assert b"X-Forwarded-For: 203.0.113.9\r\n" in stamp
    assert b"for=unknown;" in stamp


@pytest.mark.parametrize("method, minor, start, lines, framing", [
    (b"GET", 1, b"HTTP/1.1 200 OK", [b"Content-Length: 3"], BY_LENGTH),
    (b"GET", 1, b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked"], BY_CHUNKS),
    (b"GET", 1, b"HTTP/1.1 200 OK", [], BY_CHUNKS),
    (b"GET", 0, b"HTTP/1.1 200 OK", [], BY_CLOSE),
    (b"GET", 0, b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked"], BY_CLOSE),
    (b"GET", 0, b"HTTP/1.1 200 OK", [b"Content-Length: 0"], BY_LENGTH),
    (b"HEAD", 1, b"HTTP/1.1 200 OK", [b"Content-Length: 3"], NO_BODY),
    (b"GET", 1, b"HTTP/1.1 204 No Content", [], NO_BODY),
    (b"GET", 1, b"HTTP/1.1 304 Not Modified", [b"Content-Length: 3"], NO_BODY),
])  # fmt: skip
def test_how_the_end_of_a_body_is_told(
    method: bytes, minor: int, start: bytes, lines: list[bytes], framing: int
) -> None:
    head = read_request(start=method + b" / HTTP/1.%d" % minor)
    assert response_framing(head, read_response(*lines, start=start)) == framing


def test_an_answer_goes_on_with_its_fields_and_ours_after_them() -> None:
    head = read_response(b"Set-Cookie: a", b"set-cookie: b", b"Connection: x-hop", b"X-Hop: 1")
    assert response_head(head, BY_CHUNKS, [b"Date: now"]) == (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nDate: now\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )


def test_what_has_no_content_by_its_status_has_no_length_either() -> None:
    interim = read_response(b"Content-Length: 0", b"Link: </a>", start=b"HTTP/1.1 103 Early Hints")
    assert interim_head(interim) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    nothing = read_response(b"Content-Length: 0", start=b"HTTP/1.1 204 No Content")
    assert response_head(nothing, NO_BODY, []) == b"HTTP/1.1 204 No Content\r\n\r\n"
    unchanged = read_response(b"Content-Length: 9", start=b"HTTP/1.1 304 Not Modified")
    assert b"Content-Length: 9" in response_head(unchanged, NO_BODY, [])
