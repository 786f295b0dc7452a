"""Bodies pass through whole, framed for whoever gets them, and no faster than they are taken."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from tests.proxy.client import BrokenAnswerError, Client
from tests.proxy.harness import Proxy, Recorder, request, serving, until
from tests.proxy.scripts import answering, chunked, head

PIECES = [b"a", b"bc" * 50, b"d" * 70_000, b"e"]
WHOLE = b"".join(PIECES)


# --- the request's body


FRAMING = (b"Content-Length", b"Transfer-Encoding")
CHUNKED = (b"Transfer-Encoding", b"chunked")


@pytest.mark.parametrize("framing, body, arrives, said", [
    (f"content-length: {len(WHOLE)}", WHOLE, WHOLE, (FRAMING[0], b"%d" % len(WHOLE))),
    ("Content-Length: 0", b"", b"", (FRAMING[0], b"0")),
    ("Content-Length: \t007 ", b"a" * 7, b"a" * 7, (FRAMING[0], b"7")),
    ("Transfer-Encoding: chunked", chunked(*PIECES), WHOLE, CHUNKED),
    ("transfer-encoding:Chunked", chunked(WHOLE), WHOLE, CHUNKED),
    ("Transfer-Encoding: chunked", chunked(), b"", CHUNKED),
    ("X-None: 1", b"", b"", None),
])  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_the_request_s_body_arrives_whole(
    framing: str, body: bytes, method: str, arrives: bytes, said: tuple[bytes, bytes] | None
) -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(request("/", framing, method=method, body=body))
        assert (await client.answer()).body == b"ok"
        (record,) = running.records
    (heard,) = recorder.whole
    assert heard.body == arrives
    assert record.bytes_received == len(arrives)
    framed = [(name, value) for name, value in heard.headers if name in FRAMING]
    assert framed == ([said] if said else [])


async def test_trailers_of_the_request_arrive_but_for_those_that_rules_would_have_seen() -> None:
    recorder = Recorder()
    trailers = b"X-Sum: 1\r\nX-User: root\r\nX-Plan: gold\r\nHost: evil\r\nX-Sum: 2\r\n"
    async with serving(
        recorder, identity=frozenset({b"x-user"}), watched=frozenset({b"x-plan"})
    ) as running:
        client = await running.connect()
        body = chunked(b"abc", trailers=trailers)
        await client.send(request("/", "Transfer-Encoding: chunked", method="POST", body=body))
        assert (await client.answer()).status == 200
    assert recorder.whole[0].trailers == [(b"x-sum", b"1"), (b"x-sum", b"2")]


async def test_a_body_is_passed_on_before_it_is_whole() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 4", method="POST"))
        await until(lambda: recorder.requests)
        await client.send(b"ab")
        await until(lambda: recorder.requests[0].body == b"ab")
        await client.send(b"cd")
        assert (await client.answer()).status == 200


async def test_a_body_that_came_before_there_was_a_connection_arrives_whole() -> None:
    """The client sends as fast as it can; the connection is opened only then."""
    size = 1 << 20
    body = bytes(range(256)) * (size // 256)
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        client.writer.write(request("/", f"Content-Length: {size}", method="POST", body=body))
        assert (await client.answer()).status == 200
    assert hashlib.sha256(recorder.whole[0].body).digest() == hashlib.sha256(body).digest()


# --- the answer's body


ANSWERS = {
    "length": (head(f"Content-Length: {len(WHOLE)}") + WHOLE, False, "content-length"),
    "chunks": (head("Transfer-Encoding: chunked") + chunked(*PIECES), False, "chunked"),
    "one chunk": (head("Transfer-Encoding: chunked") + chunked(WHOLE), False, "chunked"),
    "until close": (head() + WHOLE, True, "chunked"),
    "HTTP/1.0 until close": (head(version="1.0") + WHOLE, True, "chunked"),
    "HTTP/1.0 with a length": (
        head(f"Content-Length: {len(WHOLE)}", version="1.0") + WHOLE, True, "content-length",
    ),
}  # fmt: skip


@pytest.mark.parametrize("raw, close, framing", ANSWERS.values(), ids=ANSWERS)
async def test_the_answer_s_body_arrives_whole(raw: bytes, framing: str, *, close: bool) -> None:
    async with serving(answering(raw, close=close)) as running:
        client = await running.connect()
        for _ in range(2):
            await client.send(request(close=False))
            answer = await client.answer()
            assert (answer.status, answer.body, answer.closes) == (200, WHOLE, False)
            assert len(answer.all("content-length")) == (framing == "content-length")
            assert len(answer.all("transfer-encoding")) == (framing == "chunked")
        records = running.records
    assert [one.bytes_sent for one in records] == [len(WHOLE)] * 2


@pytest.mark.parametrize("raw, close, framing", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("keep_alive", [False, True])
async def test_it_arrives_at_a_client_of_http_1_0(
    raw: bytes, framing: str, *, close: bool, keep_alive: bool
) -> None:
    fields = b"Connection: Keep-Alive\r\n" if keep_alive else b""
    async with serving(answering(raw, close=close)) as running:
        client = await running.connect()
        await client.send(b"GET / HTTP/1.0\r\nHost: a\r\n%b\r\n" % fields)
        answer = await client.answer()
        kept = keep_alive and framing == "content-length"
        if kept:
            await client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            assert (await client.answer()).body == WHOLE
        assert await client.read_to_end() == b""
    assert answer.body == WHOLE
    assert answer.get("connection") == (b"keep-alive" if kept else b"close")
    assert not answer.all("transfer-encoding")


@pytest.mark.parametrize("raw, method", [
    (head("Content-Length: 5"), "HEAD"),
    (head("Transfer-Encoding: chunked"), "HEAD"),
    (head(), "HEAD"),
    (head(status="204 No Content"), "GET"),
    (head("Content-Length: 0", status="204 No Content"), "GET"),
    (head("Content-Length: 5", status="304 Not Modified"), "GET"),
    (head(status="304 Not Modified"), "GET"),
    (head("Content-Length: 5", status="404 Not Found"), "HEAD"),
])  # fmt: skip
async def test_an_answer_without_content_ends_with_its_head(raw: bytes, method: str) -> None:
    async with serving(answering(raw)) as running:
        client = await running.connect()
        await client.send(request(close=False, method=method) * 2)
        first = await client.read_until(b"\r\n\r\n")
        second = await client.read_until(b"\r\n\r\n")
        assert running.meters.connects_total == 1
    assert first.startswith(raw[:12])
    assert first[:12] == second[:12]
    assert (b"Content-Length: 5" in first) == (b"Content-Length: 5" in raw)
    assert b"Content-Length: 0" not in first
    assert b"Connection: close" not in first
    assert b"Transfer-Encoding" not in first


async def test_trailers_of_the_answer_arrive() -> None:
    trailers = b"Server-Timing: a\r\nSet-Cookie: x\r\nX-Sum: 1\r\n"
    raw = head("Transfer-Encoding: chunked", "Trailer: X-Sum") + chunked(b"a", trailers=trailers)
    async with serving(answering(raw)) as running:
        client = await running.connect()
        await client.send(request("/", "TE: trailers"))
        answer = await client.answer()
    assert answer.trailers == [(b"server-timing", b"a"), (b"x-sum", b"1")]
    assert answer.get("trailer") == b"X-Sum"


async def test_events_arrive_one_by_one() -> None:
    heard = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
        for number in range(5):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            heard.clear()
            await heard.wait()
        writer.write(b"0\r\n\r\n")

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request())
        await client.read_until(b"\r\n\r\n")
        for number in range(5):
            assert await client.read_until(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
            heard.set()
        assert await client.read_to_end() == b"0\r\n\r\n"


# --- both at once


async def test_an_answer_that_comes_early_does_not_stop_the_upload() -> None:
    got = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Transfer-Encoding: chunked") + b"5\r\nearly\r\n")
        got.append(await reader.readexactly(10))
        writer.write(b"4\r\nlate\r\n0\r\n\r\n")
        await reader.read(-1)

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 10", method="POST", close=False))
        head_of_answer = await client.read_until(b"early\r\n")
        await client.send(b"0123456789")
        assert await client.read_until(b"0\r\n\r\n") == b"4\r\nlate\r\n0\r\n\r\n"
        await client.send(request(close=True))
        await until(lambda: running.engine.exchanges)
    assert got == [b"0123456789"]
    assert b"Connection: close" not in head_of_answer


@pytest.mark.parametrize("left, kept", [(1000, True), (100_000, False)])
@pytest.mark.parametrize("expects", [False, True])
async def test_after_a_whole_answer_the_rest_of_the_upload_goes_nowhere(
    left: int, *, kept: bool, expects: bool
) -> None:
    recorder = Recorder()
    early = [head("Content-Length: 5") + b"early"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if early:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(early.pop())
            # The rest is not for here: the connection ends.
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(left)
        else:
            await recorder(reader, writer)

    fields = ["Expect: 100-continue"] if expects else []
    async with serving(serve) as running:
        client = await running.connect()
        raw = request("/", f"Content-Length: {left}", *fields, method="POST", close=False)
        await client.send(raw)
        answer = await client.answer()
        assert (answer.body, answer.closes) == (b"early", expects or not kept)
        await client.send(bytes(left) + request("/next", close=False))
        if answer.closes:
            assert await client.read_to_end() == b""
        else:
            assert (await client.answer()).body == b"ok"
    assert [one.target for one in recorder.whole] == ([] if answer.closes else [b"/next"])


# --- one that goes away


async def test_a_client_that_goes_away_in_the_middle_of_an_answer_ends_it() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Transfer-Encoding: chunked") + b"1\r\na\r\n")
        await reader.read(-1)
        ended.set()

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request())
        await client.read_until(b"1\r\na\r\n")
        client.reset()
        await asyncio.wait_for(ended.wait(), 5)
        await until(lambda: not running.engine.exchanges)
        (record,) = running.records
    assert (record.status, record.reason) == (200, "client_gone")


async def test_a_malformed_chunk_during_the_answer_breaks_it() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Content-Length: 5") + b"abc")
        assert await reader.read(-1) == b""

    async with serving(serve) as running:
        client = await _uploading(running)
        await client.send(b"x\r\n")
        with pytest.raises(BrokenAnswerError):
            await client.answer()
        (record,) = running.records
    assert (record.status, record.reason) == (200, "bad_request")


async def _uploading(running: Proxy) -> Client:
    client = await running.connect()
    await client.send(request("/", "Transfer-Encoding: chunked", method="POST"))
    await until(lambda: any(one.bytes_sent for one in running.engine.exchanges))
    return client
