"""Bodies whose end could be seen in two places: the request never becomes whole upstream."""

from __future__ import annotations

import pytest

from sidecar.ruleset.routes import ListenerLimits
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import Recorder, request, serving, until

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"
HEAD = request("/", "Transfer-Encoding: chunked", method="POST", close=False)
BAD = (400, "bad_request")

CHUNKS = {
    "size no number": (b"x\r\nabc\r\n0\r\n\r\n", BAD),
    "size empty": (b"\r\nabc\r\n0\r\n\r\n", BAD),
    "size with 0x": (b"0x3\r\nabc\r\n0\r\n\r\n", BAD),
    "size with a sign": (b"+3\r\nabc\r\n0\r\n\r\n", BAD),
    "size negative": (b"-3\r\nabc\r\n0\r\n\r\n", BAD),
    "size with an underscore": (b"0_3\r\nabc\r\n0\r\n\r\n", BAD),
    "size with a space before": (b" 3\r\nabc\r\n0\r\n\r\n", BAD),
    "size with a space behind": (b"3 \r\nabc\r\n0\r\n\r\n", BAD),
    "size with a tab behind": (b"3\t\r\nabc\r\n0\r\n\r\n", BAD),
    "size of 16 digits": (b"0000000000000003\r\nabc\r\n0\r\n\r\n", BAD),
    "size beyond 64 bits": (b"10000000000000003\r\nabc\r\n0\r\n\r\n", BAD),
    "size and a bare LF": (b"3\nabc\r\n0\r\n\r\n", BAD),
    "size and a bare CR": (b"3\rabc\r\n0\r\n\r\n", BAD),
    "extension without a name": (b"3;\r\nabc\r\n0\r\n\r\n", BAD),
    "extension with a bare LF": (b"3;a\nb\r\nabc\r\n0\r\n\r\n", BAD),
    "extension with a control": (b"3;a=\x00\r\nabc\r\n0\r\n\r\n", BAD),
    "extension with a space": (b"3; a=b\r\nabc\r\n0\r\n\r\n", BAD),
    "extension too long": (b"3;a=" + b"b" * 300 + b"\r\nabc\r\n0\r\n\r\n", BAD),
    "chunk too long": (b"3\r\nabcd\r\n0\r\n\r\n", BAD),
    "chunk too short": (b"3\r\nab\r\n0\r\n\r\n", BAD),
    "chunk ended by a bare LF": (b"3\r\nabc\n0\r\n\r\n", BAD),
    "chunk not ended": (b"3\r\nabc0\r\n\r\n", BAD),
    "last chunk with a bare LF": (b"3\r\nabc\r\n0\n\n", BAD),
    "body ended by LF": (b"3\r\nabc\r\n0\r\n\n", BAD),
    "trailer no field": (b"3\r\nabc\r\n0\r\nabc\r\n\r\n", BAD),
    "trailer folded": (b"3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n", BAD),
    "trailer with a space before the colon": (b"3\r\nabc\r\n0\r\nA : b\r\n\r\n", BAD),
    "trailer with NUL": (b"3\r\nabc\r\n0\r\nA: \x00\r\n\r\n", BAD),
    "trailer that frames": (b"3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD),
    "trailers too large": (
        b"0\r\nA: " + b"b" * 9000 + b"\r\n\r\n", (431, "head_too_large"),
    ),
    "body beyond the limit": (b"3e9\r\n" + b"a" * 1001, (413, "body_too_large")),
    "body beyond the limit in parts": (
        b"1f4\r\n" + b"a" * 500 + b"\r\n1f5\r\n" + b"b" * 501, (413, "body_too_large"),
    ),
}  # fmt: skip
ROWS = [pytest.param(*row, id=name) for name, row in CHUNKS.items()]
LIMITS = ListenerLimits(body=1000)


@pytest.mark.parametrize("apart", [False, True], ids=["with its head", "after its head"])
@pytest.mark.parametrize("body, expected", ROWS)
async def test_it_is_refused_and_the_upstream_never_sees_the_end(
    body: bytes, expected: tuple[int, str], *, apart: bool
) -> None:
    recorder = Recorder()
    async with serving(recorder, limits=LIMITS) as running:
        client = await running.connect()
        if apart:
            await client.send(HEAD)
            await until(lambda: recorder.requests)
            await client.send(body + SMUGGLED)
        else:
            await client.send(HEAD + body + SMUGGLED)
        answer = await client.answer()
        assert await client.read_to_end() == b""
        (record,) = running.records
        await recorder.all_heard(running)
    assert (answer.status, answer.closes) == (expected[0], True)
    assert b'"reason":"%b"' % expected[1].encode() in answer.body
    assert (record.status, record.reason) == expected
    assert recorder.whole == []
    assert [one.target for one in recorder.requests] in ([], [b"/"])


@pytest.mark.parametrize("cut", range(1, 7))
async def test_it_is_refused_wherever_it_is_cut(cut: int) -> None:
    recorder = Recorder()
    body = b"3\r\nabcd\r\n0\r\n\r\n"
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(HEAD + body[:cut])
        await until(lambda: recorder.requests)
        await client.send(body[cut:] + SMUGGLED)
        assert (await client.answer()).status == 400
        assert await client.read_to_end() == b""
        await recorder.all_heard(running)
    assert recorder.whole == []


@pytest.mark.parametrize("framing, body", [
    ("Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
    ("Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n"),
    ("Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\nA: b\r\n"),
    ("Content-Length: 5", b"abcd"),
])  # fmt: skip
@pytest.mark.parametrize("how", ["end", "reset"])
async def test_a_body_that_the_client_cuts_off_is_cut_off_upstream(
    framing: str, body: bytes, how: str
) -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(request("/", framing, method="POST", close=False) + body)
        await until(lambda: recorder.requests and recorder.requests[0].body)
        if how == "end":
            client.send_end()
            assert await client.read_to_end() == b""
        else:
            client.reset()
        await recorder.all_heard(running)
        (record,) = running.records
    assert recorder.whole == []
    assert (record.status, record.reason, record.attempts) == (0, "client_gone", 1)


@pytest.mark.parametrize("body", [b"x\r\n", b"3\r\nabcd\r\n", b"0\r\n\n"])
async def test_of_a_request_that_was_refused_the_body_is_read_as_strictly(body: bytes) -> None:
    recorder = Recorder()
    async with serving(recorder, chain=refusing_chain()) as running:
        client = await running.connect()
        await client.send(HEAD + body + SMUGGLED)
        assert (await client.answer()).status == 429
        assert await client.read_to_end() == b""
    assert recorder.connections == []


async def test_a_body_that_is_well_formed_arrives() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(
            HEAD + b'3;a="b;\\"c";d\r\nabc\r\n00A\r\n0123456789\r\n000;x\r\nA:b \r\n\r\n'
        )
        assert (await client.answer()).status == 200
    (heard,) = recorder.whole
    assert (heard.body, heard.trailers) == (b"abc0123456789", [(b"a", b"b")])
