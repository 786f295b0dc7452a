"""Heads are read in one way or not at all (RFC 9112); the compiled twin keeps to this as well."""

from __future__ import annotations

import contextlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sidecar.model.http import NO_LENGTH, RequestHead, ResponseHead
from sidecar.wire.head import HeadLimits, check_incomplete, parse_request, parse_response
from sidecar.wire.names import REQUEST_KINDS, RESPONSE_KINDS, Kind, NameTable
from sidecar.wire.rejection import Rejected

LIMITS = HeadLimits()
START = b"GET / HTTP/1.1"
HOST = b"Host: shop.example"


def read(*lines: bytes, limits: HeadLimits = LIMITS, names: NameTable | None = None) -> RequestHead:
    data = b"\r\n".join(lines)
    return parse_request(
        data + b"\r\n\r\nrest",
        len(data),
        NameTable(REQUEST_KINDS) if names is None else names,
        limits,
    )


def request(*lines: bytes, names: NameTable | None = None) -> RequestHead:
    return read(START, HOST, *lines, names=names)


def response(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> ResponseHead:
    data = b"\r\n".join([start, *lines])
    return parse_response(data, len(data), NameTable(RESPONSE_KINDS))


def refusal(*lines: bytes, limits: HeadLimits = LIMITS) -> tuple[int, str]:
    with pytest.raises(Rejected) as caught:
        read(*lines, limits=limits)
    assert caught.value.detail
    return caught.value.status, caught.value.reason


def test_a_plain_request() -> None:
    head = read(
        b"POST /a?b HTTP/1.1", b"host: shop.example:80", b"A: 1", b"a:2", b"Content-Length: 007"
    )
    assert (head.method, head.target, head.minor) == ("POST", b"/a?b", 1)
    assert head.host == b"shop.example:80"
    assert head.lines == [b"Host: shop.example:80", b"A: 1", b"a:2", b"Content-Length: 7"]
    assert (head.content_length, head.chunked, head.keep_alive) == (7, False, True)
    assert head.has_body


def test_a_method_nobody_knows_is_read() -> None:
    assert read(b"BREW /pot HTTP/1.1", HOST).method == "BREW"


@pytest.mark.parametrize("line, status", [
    (b"GET  / HTTP/1.1", 400),
    (b" GET / HTTP/1.1", 400),
    (b"GET / HTTP/1.1 ", 400),
    (b"GET /", 400),
    (b"GET", 400),
    (b"G(T / HTTP/1.1", 400),
    (b"GET / HTTP/1.2", 505),
    (b"GET / HTTP/2.0", 505),
    (b"GET / HTTP/0.9", 505),
    (b"GET / http/1.1", 400),
    (b"GET / HTTP/11", 400),
    (b"GET / HTTP/1.10", 400),
    (b"GET / HTTP/1.\xb9", 400),
    (b"GET\t/\tHTTP/1.1", 400),
])  # fmt: skip
def test_a_request_line_has_three_words(line: bytes, status: int) -> None:
    assert refusal(line, HOST)[0] == status


@pytest.mark.parametrize("line", [
    b"A : 1", b" A: 1", b"\tA: 1", b": 1", b"A", b"", b"A\x0b: 1", b"A: \x00", b"A: \x7f",
    b"A: b\rc", b"A: b\nc", b"A: b\r", b"A: \x1f", b"caf\xc3\xa9: 1",
])  # fmt: skip
def test_a_field_line_is_a_token_a_colon_and_visible_text(line: bytes) -> None:
    assert refusal(START, HOST, line) == (400, "bad_request")


def test_values_may_hold_tabs_and_bytes_beyond_ascii() -> None:
    assert b"A: b\tc \xe9" in request(b"A: b\tc \xe9").lines


@pytest.mark.parametrize("lines", [
    [START],
    [START, HOST, HOST],
    [START, HOST, b"host: other"],
    [START, b"Host:"],
    [START, b"Host: \t "],
    [b"GET / HTTP/1.0", HOST, HOST],
    [b"GET / HTTP/1.0", b"Host:"],
])  # fmt: skip
def test_there_is_exactly_one_host(lines: list[bytes]) -> None:
    assert refusal(*lines) == (400, "bad_request")


def test_only_http_1_0_may_do_without_host() -> None:
    assert read(b"GET / HTTP/1.0").host == b""


@pytest.mark.parametrize("lines, status", [
    ([b"Content-Length: 1", b"Content-Length: 1"], 400),
    ([b"Content-Length: 1", b"Content-Length: 2"], 400),
    ([b"Content-Length: 1, 1"], 400),
    ([b"Content-Length: +1"], 400),
    ([b"Content-Length: -1"], 400),
    ([b"Content-Length: 0x1"], 400),
    ([b"Content-Length: 1_0"], 400),
    ([b"Content-Length: 1 0"], 400),
    ([b"Content-Length:"], 400),
    ([b"Content-Length: \xb2"], 400),
    ([b"Content-Length: " + b"9" * 16], 400),
    ([b"Content-Length: 1", b"Transfer-Encoding: chunked"], 400),
    ([b"Transfer-Encoding: chunked", b"Content-Length: 0"], 400),
    ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], 400),
    ([b"Transfer-Encoding: chunked, chunked"], 501),
    ([b"Transfer-Encoding: identity"], 501),
    ([b"Transfer-Encoding: gzip, chunked"], 501),
    ([b"Transfer-Encoding: chunked;x=1"], 501),
    ([b"Transfer-Encoding: xchunked"], 501),
    ([b"Transfer-Encoding:"], 501),
])  # fmt: skip
def test_a_body_is_framed_in_one_way(lines: list[bytes], status: int) -> None:
    assert refusal(START, HOST, *lines)[0] == status


def test_http_1_0_knows_no_transfer_coding() -> None:
    assert refusal(b"POST / HTTP/1.0", HOST, b"Transfer-Encoding: chunked")[0] == 400


@pytest.mark.parametrize("value", [b"chunked", b"CHUNKED", b" \tChunked\t "])
def test_chunked_in_any_spelling_is_written_in_one(value: bytes) -> None:
    head = request(b"transfer-encoding:" + value)
    assert head.chunked
    assert head.content_length == NO_LENGTH
    assert head.lines[-1] == b"Transfer-Encoding: chunked"


@pytest.mark.parametrize("start, lines, expected", [
    (START, [], True),
    (START, [b"Connection: close"], False),
    (START, [b"Connection: Close, x-a"], False),
    (START, [b"Connection: close", b"Connection: keep-alive"], False),
    (START, [b"Connection: keep-alive", b"Connection: close"], False),
    (START, [b"Connection: ,,keep-alive,"], True),
    (b"GET / HTTP/1.0", [], False),
    (b"GET / HTTP/1.0", [b"Connection: keep-alive"], True),
    (b"GET / HTTP/1.0", [b"Connection: close, keep-alive"], False),
    (b"GET / HTTP/1.0", [b"Connection: keep-alive", b"Connection: close"], False),
])  # fmt: skip
def test_whether_the_connection_persists(
    start: bytes, lines: list[bytes], *, expected: bool
) -> None:
    assert read(start, HOST, *lines).keep_alive is expected


def test_connection_takes_out_what_it_names_but_nothing_end_to_end() -> None:
    names = NameTable(REQUEST_KINDS, watched=[b"x-plan"])
    head = request(
        b"Connection: x-private, authorization, host, content-type, x-plan",
        b"X-Private: 1",
        b"Authorization: Bearer x",
        b"Content-Type: text/plain",
        b"X-Plan: gold",
        names=names,
    )
    assert head.lines == [
        HOST,
        b"Authorization: Bearer x",
        b"Content-Type: text/plain",
        b"X-Plan: gold",
    ]
    assert head.fields == {b"x-plan": b"gold"}


def test_connection_lists_names_only() -> None:
    assert refusal(START, HOST, b"Connection: close, (x)")[0] == 400


@pytest.mark.parametrize("lines, asked", [
    ([b"Connection: Upgrade", b"Upgrade: websocket"], b"websocket"),
    ([b"Upgrade: websocket"], b""),
    ([b"Connection: upgrade", b"Upgrade: h2c", b"HTTP2-Settings: x"], b""),
    ([b"Connection: upgrade", b"Upgrade: websocket, H2C"], b""),
    ([b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 1"], b""),
])  # fmt: skip
def test_which_upgrade_is_asked_for(lines: list[bytes], asked: bytes) -> None:
    head = request(*lines)
    assert head.asks_upgrade == asked
    assert not [line for line in head.lines if line.lower().startswith((b"upgrade", b"http2"))]


def test_expectations() -> None:
    assert request(b"Expect: 100-Continue").expects_continue
    assert not read(b"POST / HTTP/1.0", HOST, b"Expect: 100-continue").expects_continue
    assert refusal(START, HOST, b"Expect: 200-ok") == (417, "expectation_failed")


def test_what_rules_refer_to_is_remembered() -> None:
    names = NameTable(REQUEST_KINDS, watched=[b"x-user", b"cookie"], removed=[b"x-role"])
    head = request(
        b"X-User: ann",
        b"x-user: bob",
        b"Cookie: a=1",
        b"Cookie: b=2",
        b"X-Role: admin",
        names=names,
    )
    assert head.fields == {b"x-user": b"ann, bob", b"cookie": b"a=1; b=2"}
    assert b"X-Role: admin" not in head.lines


def test_what_the_proxy_rewrites_is_set_apart() -> None:
    head = request(b"X-Forwarded-For: 192.0.2.1", b"x-forwarded-for: 192.0.2.2", b"Via: 1.1 a")
    assert head.special == {Kind.X_FORWARDED_FOR: b"192.0.2.1, 192.0.2.2", Kind.VIA: b"1.1 a"}
    assert head.lines == [HOST]


def test_heads_share_nothing() -> None:
    names = NameTable(REQUEST_KINDS, watched=[b"a"])
    first, second = request(b"A: 1", b"Via: x", names=names), request(names=names)
    assert first.fields
    assert not second.fields
    assert not second.special


COUNT, SIZE = HeadLimits(header_count=2), HeadLimits(header_bytes=41)


def test_limits_are_inclusive() -> None:
    assert read(b"GET /1234 HTTP/1.1", HOST, limits=HeadLimits(request_line=18)).target == b"/1234"
    assert refusal(b"GET /12345 HTTP/1.1", HOST, limits=HeadLimits(request_line=18)) == (
        414,
        "uri_too_long",
    )
    assert read(START, HOST, b"A: 1", limits=COUNT).lines
    assert refusal(START, HOST, b"A: 1", b"B: 2", limits=COUNT) == (431, "head_too_large")
    assert read(START, HOST, b"A: 56", limits=SIZE).lines
    assert refusal(START, HOST, b"A: 5678", limits=SIZE) == (431, "head_too_large")


@pytest.mark.parametrize("data, expected", [
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\nB: c", 400),
    (b"GET /" + b"a" * 9000, 414),
    (b"GET / HTTP/1.1\r\nA: " + b"b" * 66_000, 431),
])  # fmt: skip
def test_a_beginning_that_cannot_become_a_head_is_refused_early(data: bytes, expected: int) -> None:
    with pytest.raises(Rejected) as caught:
        check_incomplete(data, LIMITS)
    assert caught.value.status == expected


@pytest.mark.parametrize("data", [b"G", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_any_other_beginning_is_waited_for(data: bytes) -> None:
    check_incomplete(data, LIMITS)


# --- responses


def test_a_plain_response() -> None:
    head = response(b"Date: now", b"A: 1", b"Content-Length: 5", b"Keep-Alive: timeout=7, max=3")
    assert (head.status, head.start_line, head.minor) == (200, b"HTTP/1.1 200 OK", 1)
    assert head.lines == [b"Date: now", b"A: 1", b"Content-Length: 5"]
    assert (head.content_length, head.keep_alive, head.has_date) == (5, True, True)
    assert head.keep_alive_seconds == 7


@pytest.mark.parametrize("start, status, written", [
    (b"HTTP/1.1 200", 200, b"HTTP/1.1 200 "),
    (b"HTTP/1.1 200 ", 200, b"HTTP/1.1 200 "),
    (b"HTTP/1.0 404 Not \xe9 Found", 404, b"HTTP/1.1 404 Not \xe9 Found"),
    (b"HTTP/1.1 599 x", 599, b"HTTP/1.1 599 x"),
])  # fmt: skip
def test_status_lines(start: bytes, status: int, written: bytes) -> None:
    for _ in range(2):  # read, and remembered
        head = response(start=start)
        assert (head.status, head.start_line) == (status, written)


@pytest.mark.parametrize("start", [
    b"", b"HTTP/1.1", b"HTTP/1.1 20", b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 x", b"HTTP/1.1 600 x",
    b"HTTP/2.0 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 +20 OK",
    b"http/1.1 200 OK", b"ICY 200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 200\tOK",
])  # fmt: skip
def test_status_lines_that_are_none(start: bytes) -> None:
    with pytest.raises(Rejected):
        response(start=start)


@pytest.mark.parametrize("start, lines", [
    (b"HTTP/1.1 200 OK", [b"Content-Length: 1", b"Content-Length: 1"]),
    (b"HTTP/1.1 200 OK", [b"Content-Length: 1", b"Transfer-Encoding: chunked"]),
    (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: gzip"]),
    (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"]),
    (b"HTTP/1.0 200 OK", [b"Transfer-Encoding: chunked"]),
    (b"HTTP/1.1 200 OK", [b"A : 1"]),
    (b"HTTP/1.1 200 OK", [b"A: 1", b" folded"]),
    (b"HTTP/1.1 200 OK", [b"A: \x00"]),
])  # fmt: skip
def test_an_ambiguous_response_is_refused(start: bytes, lines: list[bytes]) -> None:
    with pytest.raises(Rejected):
        response(*lines, start=start)


def test_nobody_else_says_what_the_sidecar_decided() -> None:
    assert response(b"X-Sidecar-Decision: forged").lines == []
    assert request(b"x-sidecar-decision: forged").lines == [HOST]


# --- properties

tokens = st.text("abcXYZ-_.!~09", min_size=1, max_size=8).map(lambda name: b"q-" + name.encode())
values = st.binary(max_size=12).map(
    lambda raw: bytes(byte for byte in raw if byte == 9 or 32 <= byte != 127).strip(b" \t")
)


@given(st.lists(st.tuples(tokens, values), max_size=8))
def test_fields_go_on_whole_and_in_order(fields: list[tuple[bytes, bytes]]) -> None:
    lines = [name + b": " + value for name, value in fields]
    assert request(*lines).lines == [HOST, *lines]
    assert response(*lines).lines == lines


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    for lines in ([data], [START, data], [START, HOST, data]):
        joined = b"\r\n".join(lines)
        with contextlib.suppress(Rejected):
            head = parse_request(joined, len(joined), NameTable(REQUEST_KINDS), LIMITS)
            assert all(b"\r" not in line and b"\n" not in line for line in head.lines)


def test_fields_of_an_answer_that_a_rule_refers_to_are_remembered_and_go_on() -> None:
    names = NameTable(RESPONSE_KINDS, watched=[b"x-cost"])
    data = b"HTTP/1.1 200 OK\r\nX-Cost: 3\r\nContent-Length: 0\r\nx-cost: 4"
    head = parse_response(data, len(data), names)
    assert head.fields == {b"x-cost": b"3, 4"}
    assert [line for line in head.lines if line.lower().startswith(b"x-cost")] == [
        b"X-Cost: 3",
        b"x-cost: 4",
    ]
    assert parse_response(b"HTTP/1.1 200 OK", 15, names).fields == {}
