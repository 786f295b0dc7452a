"""Requests that are malformed or could be read in two ways: none of them goes on.

Each row is sent with a well-formed request right behind it, which must not be read either.
"""

from __future__ import annotations

import pytest

from sidecar.ruleset.routes import ListenerLimits
from sidecar.wire.head import HeadLimits
from tests.proxy.harness import Recorder, only, serving, until

BAD = (400, "bad_request")
NOT_IMPLEMENTED = (501, "not_implemented")
VERSION = (505, "version_not_supported")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"

LIMITS = ListenerLimits(
    head=HeadLimits(request_line=200, header_bytes=1000, header_count=10), body=1000
)


def line(text: bytes) -> bytes:
    """A request with this request line."""
    return text + b"\r\nHost: shop.example\r\n\r\n"


def target(text: bytes) -> bytes:
    return line(b"GET " + text + b" HTTP/1.1")


def fields(*lines: bytes, version: bytes = b"1.1") -> bytes:
    """A request with these fields behind its Host."""
    head = b"POST / HTTP/%b\r\nHost: shop.example\r\n" % version
    return head + b"".join(one + b"\r\n" for one in lines) + b"\r\n"


def hosts(*values: bytes, version: bytes = b"1.1") -> bytes:
    head = b"GET / HTTP/%b\r\n" % version
    return head + b"".join(b"Host:" + one + b"\r\n" for one in values) + b"\r\n"


REQUEST_LINES = {
    "of HTTP/0.9": (line(b"GET /"), BAD),
    "without a target": (line(b"GET HTTP/1.1"), BAD),
    "empty method": (line(b" / HTTP/1.1"), BAD),
    "two spaces": (line(b"GET  / HTTP/1.1"), BAD),
    "two spaces before the version": (line(b"GET /  HTTP/1.1"), BAD),
    "space behind": (line(b"GET / HTTP/1.1 "), BAD),
    "space before": (line(b" GET / HTTP/1.1"), BAD),
    "tabs": (line(b"GET\t/\tHTTP/1.1"), BAD),
    "vertical tab": (line(b"GET / HTTP/1.1\x0b"), BAD),
    "space in the target": (line(b"GET /a b HTTP/1.1"), BAD),
    "method no token": (line(b"G@T / HTTP/1.1"), BAD),
    "method with a colon": (line(b"GET: / HTTP/1.1"), BAD),
    "method not ASCII": (line(b"G\xc3\x89T / HTTP/1.1"), BAD),
    "NUL in the method": (line(b"G\x00T / HTTP/1.1"), BAD),
    "a field line first": (b"Host: shop.example\r\n\r\n", BAD),
    "lower-case version": (line(b"GET / http/1.1"), BAD),
    "version of one digit": (line(b"GET / HTTP/1"), BAD),
    "version of three digits": (line(b"GET / HTTP/1.10"), BAD),
    "version without a dot": (line(b"GET / HTTP/1,1"), BAD),
    "version with a zero": (line(b"GET / HTTP/01.1"), BAD),
    "version of another protocol": (line(b"GET / RTSP/1.0"), BAD),
    "version of Arabic digits": (line(b"GET / HTTP/\xd9\xa1.\xd9\xa1"), BAD),
    "HTTP/1.2": (line(b"GET / HTTP/1.2"), VERSION),
    "HTTP/0.9 in full": (line(b"GET / HTTP/0.9"), VERSION),
    "HTTP/2.0": (line(b"GET / HTTP/2.0"), VERSION),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION),
    "a TLS handshake": (b"\x16\x03\x01\x00\x0a\x01\x00\r\n\r\n", BAD),
    "CONNECT": (line(b"CONNECT shop.example:443 HTTP/1.1"), (405, "method_not_supported")),
    "CONNECT with a path": (line(b"CONNECT / HTTP/1.1"), (405, "method_not_supported")),
    "too many empty lines": (b"\r\n" * 5, BAD),
    "bare LF as an empty line": (b"\n" + target(b"/"), BAD),
    "bare CR as an empty line": (b"\r" + target(b"/"), BAD),
}
TARGETS = {
    "no slash": (target(b"a"), BAD),
    "fragment": (target(b"/a#b"), BAD),
    "fragment in the query": (target(b"/?a#b"), BAD),
    "backslash": (target(b"/a\\b"), BAD),
    "NUL escaped": (target(b"/a%00b"), BAD),
    "NUL": (target(b"/a\x00b"), BAD),
    "slash escaped": (target(b"/a%2fb"), BAD),
    "slash escaped in upper case": (target(b"/a%2Fb"), BAD),
    "backslash escaped": (target(b"/a%5Cb"), BAD),
    "percent alone": (target(b"/%"), BAD),
    "escape of one digit": (target(b"/%4"), BAD),
    "escape of no digits": (target(b"/%zz"), BAD),
    "escape with a sign": (target(b"/%+1"), BAD),
    "not ASCII": (target(b"/\xc3\xa9"), BAD),
    "query not ASCII": (target(b"/?\xff"), BAD),
    "tab": (target(b"/a\tb"), BAD),
    "DEL": (target(b"/a\x7f"), BAD),
    "asterisk for GET": (target(b"*"), BAD),
    "asterisk and more": (line(b"OPTIONS *a HTTP/1.1"), BAD),
    "authority form": (target(b"shop.example:80"), BAD),
    "other scheme": (target(b"ftp://shop.example/"), BAD),
    "scheme without slashes": (target(b"http:shop.example/"), BAD),
    "empty authority": (target(b"http:///a"), BAD),
    "user": (target(b"http://root@shop.example/"), BAD),
    "user and password": (target(b"http://root:x@shop.example/"), BAD),
    "user in disguise": (target(b"http://shop.example%40evil/"), BAD),
    "port that is none": (target(b"http://shop.example:http/"), BAD),
    "port beyond the last": (target(b"http://shop.example:65536/"), BAD),
    "open bracket": (target(b"http://[::1/"), BAD),
    "absolute with a fragment": (target(b"http://shop.example/#a"), BAD),
    "absolute with a backslash": (target(b"http://shop.example\\@evil/"), BAD),
    "absolute not ASCII": (target(b"http://sh\xc3\xb6p.example/"), BAD),
    "absolute with a bad path": (target(b"http://shop.example/%2f"), BAD),
}
HOSTS = {
    "none": (hosts(), BAD),
    "two that agree": (hosts(b" a", b" a"), BAD),
    "two that differ": (hosts(b" a", b" b"), BAD),
    "two, one empty": (hosts(b" a", b""), BAD),
    "two in HTTP/1.0": (hosts(b" a", b" b", version=b"1.0"), BAD),
    "empty": (hosts(b""), BAD),
    "blank": (hosts(b" \t "), BAD),
    "list": (hosts(b" a, b"), BAD),
    "two words": (hosts(b" a b"), BAD),
    "path": (hosts(b" a/b"), BAD),
    "user": (hosts(b" root@a"), BAD),
    "two ports": (hosts(b" a:1:2"), BAD),
    "port beyond the last": (hosts(b" a:65536"), BAD),
    "port with a sign": (hosts(b" a:+80"), BAD),
    "no name": (hosts(b" :80"), BAD),
    "open bracket": (hosts(b" [::1"), BAD),
    "no address": (hosts(b" [zz]"), BAD),
    "escape": (hosts(b" a%41"), BAD),
    "not ASCII": (hosts(b" \xff"), BAD),
    "bad in HTTP/1.0": (hosts(b" a b", version=b"1.0"), BAD),
}
FIELD_LINES = {
    "folded": (fields(b"A: b", b" c"), BAD),
    "folded with a tab": (fields(b"A: b", b"\tc"), BAD),
    "folded first": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", BAD),
    "folded and looking like a field": (fields(b"A: b", b" C: d"), BAD),
    "bare CR": (fields(b"A: b\rC: d"), BAD),
    "CR before CRLF": (fields(b"A: b\r"), BAD),
    "bare LF": (fields(b"A: b\nC: d"), BAD),
    "all bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", BAD),
    "NUL": (fields(b"A: b\x00"), BAD),
    "DEL": (fields(b"A: b\x7f"), BAD),
    "control": (fields(b"A: b\x01"), BAD),
    "form feed": (fields(b"A:\x0cb"), BAD),
    "space before the colon": (fields(b"A : b"), BAD),
    "tab before the colon": (fields(b"A\t: b"), BAD),
    "space in the name": (fields(b"A B: c"), BAD),
    "no name": (fields(b": b"), BAD),
    "no colon": (fields(b"A"), BAD),
    "no colon, a tab elsewhere": (fields(b"A", b"B:\tc"), BAD),
    "name not ASCII": (fields(b"\xc3\xa9: b"), BAD),
    "name quoted": (fields(b'"A": b'), BAD),
    "name with a bracket": (fields(b"A[0]: b"), BAD),
    "name with a slash": (fields(b"A/B: c"), BAD),
    "Connection lists no names": (fields(b"Connection: close, a b"), BAD),
    "Connection with a quote": (fields(b'Connection: "close"'), BAD),
    "Max-Forwards no number": (line(b"OPTIONS / HTTP/1.1\r\nMax-Forwards: x"), BAD),
    "Max-Forwards used up": (line(b"OPTIONS / HTTP/1.1\r\nMax-Forwards: 0"), NOT_IMPLEMENTED),
    "another expectation": (fields(b"Expect: 200-ok"), (417, "expectation_failed")),
    "two expectations": (fields(b"Expect: 100-continue, b"), (417, "expectation_failed")),
}
LENGTHS = {
    f"Content-Length {text!r}": (fields(b"Content-Length: " + text), BAD)
    for text in (
        b"", b"+5", b"-5", b"-0", b"0x5", b"5, 5", b"5,5", b"5 5", b"5;a", b"5.0", b"5e0", b"5_0",
        b"'5'", b"five", b"\xd9\xa5", b"\xb2", b"5\x00", b"\x0b5", b"9" * 16, b"5,", b",5",
    )
}  # fmt: skip
CODINGS = {
    f"Transfer-Encoding {text!r}": (fields(b"Transfer-Encoding: " + text), NOT_IMPLEMENTED)
    for text in (
        b"", b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, identity",
        b"chunked, chunked", b"chunked,", b",chunked", b"chunked;a=b", b"xchunked", b"chunkedx",
        b'"chunked"', b"chunk\xc3\xa9d", b"chu nked",
    )
}  # fmt: skip
FRAMING = {
    "length and coding": (fields(b"Content-Length: 5", b"Transfer-Encoding: chunked"), BAD),
    "coding and length": (fields(b"Transfer-Encoding: chunked", b"Content-Length: 5"), BAD),
    "coding and length 0": (fields(b"Transfer-Encoding: chunked", b"Content-Length: 0"), BAD),
    "length twice": (fields(b"Content-Length: 5", b"Content-Length: 5"), BAD),
    "two lengths": (fields(b"Content-Length: 5", b"content-length: 6"), BAD),
    "coding twice": (fields(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), BAD),
    "two codings": (fields(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), BAD),
    "coding with a control": (fields(b"Transfer-Encoding:\x0bchunked"), BAD),
    "coding with a space": (fields(b"Transfer-Encoding : chunked"), BAD),
    "coding folded": (fields(b"Transfer-Encoding:", b" chunked"), NOT_IMPLEMENTED),
    "coding without a colon": (fields(b"Transfer-Encoding chunked"), BAD),
    "length with a space": (fields(b"Content-Length : 5"), BAD),
    "coding in HTTP/1.0": (fields(b"Transfer-Encoding: chunked", version=b"1.0"), BAD),
    "length beyond the limit": (fields(b"Content-Length: 1001"), (413, "body_too_large")),
}
LARGE = {
    "request line": (target(b"/" + b"a" * 200), (414, "uri_too_long")),
    "request line without an end": (b"GET /" + b"a" * 300, (414, "uri_too_long")),
    "fields": (fields(b"A: " + b"b" * 1000), (431, "head_too_large")),
    "field without an end": (fields(b"A: b")[:-4] + b"b" * 1000, (431, "head_too_large")),
    "so many fields": (fields(*[b"A: b"] * 10), (431, "head_too_large")),
}
GROUPS = (REQUEST_LINES, TARGETS, HOSTS, FIELD_LINES, LENGTHS, CODINGS, FRAMING, LARGE)
ROWS = [
    pytest.param(raw, expected, id=name)
    for group in GROUPS
    for name, (raw, expected) in group.items()
]


@pytest.mark.parametrize("raw, expected", ROWS)
async def test_it_is_refused_with_its_reason_and_nothing_goes_on(
    raw: bytes, expected: tuple[int, str]
) -> None:
    recorder = Recorder()
    async with serving(recorder, limits=LIMITS) as running:
        client = await running.connect()
        await client.send(raw + SMUGGLED)
        answer = await client.answer()
        assert await client.read_to_end() == b""
        await recorder.all_heard(running)
        (record,) = running.records
    status, reason = expected
    assert (answer.status, answer.closes) == (status, True)
    assert b'"reason":"%b"' % reason.encode() in answer.body
    assert answer.get("content-type") == b"application/problem+json"
    assert (record.status, record.reason, record.attempts) == (status, reason, 0)
    assert recorder.connections == []


SPLIT = [
    REQUEST_LINES["two spaces"],
    TARGETS["slash escaped"],
    HOSTS["two that differ"],
    FIELD_LINES["folded"],
    FIELD_LINES["bare CR"],
    FIELD_LINES["no colon"],
    FRAMING["length and coding"],
    FRAMING["coding folded"],
]


@pytest.mark.parametrize("raw, expected", SPLIT)
async def test_it_is_refused_wherever_it_is_cut(raw: bytes, expected: tuple[int, str]) -> None:
    recorder = Recorder()
    async with serving(recorder, limits=LIMITS) as running:
        for at in range(1, len(raw)):
            client = await running.connect()
            await client.send(raw[:at])
            await until(lambda: running.listener.connections and only(running)._held)
            await client.send(raw[at:] + SMUGGLED)
            answer = await client.answer()
            assert (answer.status, answer.closes) == (expected[0], True)
            client.close()
            await until(lambda: not running.listener.connections)
        await recorder.all_heard(running)
    assert recorder.connections == []


@pytest.mark.parametrize("size", [199, 200])
async def test_a_request_line_of_the_longest_length_is_read(size: int) -> None:
    head = b"GET /%b HTTP/1.1"
    recorder = Recorder()
    async with serving(recorder, limits=LIMITS) as running:
        client = await running.connect()
        await client.send(line(head % (b"a" * (size - len(head % b"")))))
        assert (await client.answer()).status == 200


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("beyond, status", [(0, 200), (1, 431)])
async def test_header_bytes_are_counted_the_same_at_once_and_in_pieces(
    *, split: bool, beyond: int, status: int
) -> None:
    empty = fields(b"A: ")
    raw = fields(b"A: " + b"b" * (1000 + beyond - (len(empty) - 4)))
    async with serving(Recorder(), limits=LIMITS) as running:
        client = await running.connect()
        if split:
            await client.send(raw[:900])
            await until(lambda: running.listener.connections and only(running)._held)
        await client.send(raw[900 * split :])
        assert (await client.answer()).status == status


async def test_a_request_that_has_come_through_here_is_a_loop() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(fields(b"Via: 1.1 a, 1.1 " + running.engine.pseudonym))
        answer = await client.answer()
    assert answer.status == 508
    assert b'"loop_detected"' in answer.body
    assert recorder.connections == []


async def test_what_came_before_a_malformed_request_is_answered_first() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(SMUGGLED.replace(b"smuggled", b"good") + FRAMING["two lengths"][0])
        statuses = [(await client.answer()).status, (await client.answer()).status]
        assert await client.read_to_end() == b""
    assert statuses == [200, 400]
    assert [one.target for one in recorder.whole] == [b"/good"]
