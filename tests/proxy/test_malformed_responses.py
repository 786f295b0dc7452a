"""What an upstream may not say: its client sees an error or a broken answer, the next one nothing.

Each row is what the first connection to the upstream answers; every later one answers well.
"""

from __future__ import annotations

import asyncio
import socket

import pytest

from sidecar.proxy.connector import Connector
from sidecar.proxy.upstream import OPENING, Upstream
from tests.proxy.client import Answer, BrokenAnswerError, raw_socket, reset
from tests.proxy.harness import Proxy, request, serving, until
from tests.proxy.recorder import Ear

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"


class Evil:
    """Answers the first request of its first connection with ``pieces``, all others well."""

    def __init__(self, *pieces: bytes, end: str = "") -> None:
        self.pieces = pieces
        self.end = end
        self.connections = 0
        #: Set when the next piece may go out; None lets them go one after another.
        self.next_piece: asyncio.Event | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = not self.connections
        self.connections += 1
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                if first:
                    first = False
                    await self._misbehave(writer)
                else:
                    writer.write(GOOD)

    async def _misbehave(self, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(self.pieces):
            if number and self.next_piece is not None:
                await self.next_piece.wait()
            writer.write(piece)
            await writer.drain()
        if self.end == "close":
            writer.close()
        elif self.end == "reset":
            reset(writer)


async def ask(running: Proxy, method: str = "GET") -> Answer:
    client = await running.connect()
    await client.send(request("/", method=method))
    return await client.answer(method)


async def next_one_is_served(running: Proxy, evil: Evil) -> None:
    """Nothing is left of what was said; the next client is answered on another connection."""
    await until(lambda: not running.meters.connections_open)
    assert (await ask(running)).body == b"good"
    assert evil.connections == 2


def head(*lines: bytes, version: bytes = b"1.1", status: bytes = b"200 OK") -> bytes:
    return b"".join(one + b"\r\n" for one in (b"HTTP/%b %b" % (version, status), *lines, b""))


HEADS = {
    "no status line": b"garbage\r\n\r\n",
    "a request": request(),
    "an empty line first": b"\r\n" + GOOD,
    "only empty lines": b"\r\n\r\n",
    "version alone": b"HTTP/1.1\r\n\r\n",
    "status of two digits": head(status=b"20 OK"),
    "status of four digits": head(status=b"2000 OK"),
    "status no number": head(status=b"2x0 OK"),
    "status with a sign": head(status=b"+20 OK"),
    "status 99": head(status=b"099 OK"),
    "status 600": head(status=b"600 OK"),
    "two spaces": head(status=b" 200 OK"),
    "reason glued on": head(status=b"200OK"),
    "HTTP/2.0": head(version=b"2.0"),
    "HTTP/0.9": head(version=b"0.9"),
    "HTTP/1.2": head(version=b"1.2"),
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "other protocol": b"ICY 200 OK\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare LF in a field": head(b"A: b\nC: d", b"Content-Length: 0"),
    "bare CR in a field": head(b"A: b\rC: d", b"Content-Length: 0"),
    "NUL": head(b"A: \x00", b"Content-Length: 0"),
    "DEL": head(b"A: \x7f", b"Content-Length: 0"),
    "NUL in the reason": head(b"Content-Length: 0", status=b"200 O\x00K"),
    "folded": head(b"A: b", b" c", b"Content-Length: 0"),
    "folded first": head(b" A: b", b"Content-Length: 0"),
    "space before the colon": head(b"Content-Length : 0"),
    "no colon": head(b"A", b"Content-Length: 0"),
    "no name": head(b": b", b"Content-Length: 0"),
    "name no token": head(b"A(b): c", b"Content-Length: 0"),
    "Connection lists no names": head(b"Connection: a b", b"Content-Length: 0"),
    "length and coding": head(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "coding and length": head(b"Transfer-Encoding: chunked", b"Content-Length: 2") + b"0\r\n\r\n",
    "length twice": head(b"Content-Length: 2", b"Content-Length: 2") + b"ok",
    "two lengths": head(b"Content-Length: 2", b"Content-Length: 3") + b"ok!",
    "list of lengths": head(b"Content-Length: 2, 2") + b"ok",
    "length with a sign": head(b"Content-Length: +2") + b"ok",
    "length negative": head(b"Content-Length: -2") + b"ok",
    "length hexadecimal": head(b"Content-Length: 0x2") + b"ok",
    "length empty": head(b"Content-Length:") + b"ok",
    "length too long": head(b"Content-Length: " + b"9" * 16) + b"ok",
    "coding unknown": head(b"Transfer-Encoding: gzip") + b"0\r\n\r\n",
    "coding of two": head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "coding identity": head(b"Transfer-Encoding: identity", b"Connection: close") + b"ok",
    "coding twice": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "coding with a control": head(b"Transfer-Encoding:\x0bchunked") + b"0\r\n\r\n",
    "coding in HTTP/1.0": head(b"Transfer-Encoding: chunked", version=b"1.0") + b"0\r\n\r\n",
    "too many fields": head(*[b"A: b"] * 501, b"Content-Length: 0"),
    "too large a head": head(b"A: " + b"b" * (256 << 10), b"Content-Length: 0"),
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000,
    "a status line without end": b"HTTP/1.1 200 " + b"O" * 300_000,
    "101 that nobody asked for": head(b"Connection: upgrade", b"Upgrade: x", status=b"101 Yes"),
    "interim responses without end": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 65 + GOOD,
    "a bad interim response": b"HTTP/1.1 103 Early\r\nA : b\r\n\r\n" + GOOD,
}


@pytest.mark.parametrize("raw", HEADS.values(), ids=HEADS)
async def test_a_bad_head_is_answered_with_502(raw: bytes) -> None:
    evil = Evil(raw)
    async with serving(evil) as running:
        answer = await ask(running)
        await next_one_is_served(running, evil)
        record, _ = running.records
    assert (answer.status, record.reason) == (502, "upstream_bad_response")
    assert b'"reason":"upstream_bad_response"' in answer.body
    assert not answer.all("a")


async def test_after_a_bad_head_the_client_s_connection_goes_on() -> None:
    evil = Evil(HEADS["two lengths"] + SMUGGLED)
    async with serving(evil) as running:
        client = await running.connect()
        await client.send(request(close=False) + request("/b", close=False))
        first, second = await client.answer(), await client.answer()
    assert (first.status, first.closes) == (502, False)
    assert second.body == b"good"


@pytest.mark.parametrize("raw", [
    b"", b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n",
])  # fmt: skip
@pytest.mark.parametrize("end", ["close", "reset"])
async def test_an_answer_that_ends_in_its_head_is_answered_with_502(raw: bytes, end: str) -> None:
    evil = Evil(raw, end=end)
    async with serving(evil) as running:
        answer = await ask(running)
        await next_one_is_served(running, evil)
        record, _ = running.records
    assert (answer.status, record.reason) == (502, "upstream_reset")


CHUNKED = head(b"Transfer-Encoding: chunked")
BODIES = {
    "length, nothing": (head(b"Content-Length: 5"), "close", "upstream_truncated"),
    "length, some": (head(b"Content-Length: 5") + b"abcd", "close", "upstream_truncated"),
    "length, reset": (head(b"Content-Length: 5") + b"abcd", "reset", "upstream_truncated"),
    "chunks, nothing": (CHUNKED, "close", "upstream_truncated"),
    "chunks, in a size": (CHUNKED + b"3", "close", "upstream_truncated"),
    "chunks, in a chunk": (CHUNKED + b"3\r\nab", "close", "upstream_truncated"),
    "chunks, behind a chunk": (CHUNKED + b"3\r\nabc\r\n", "close", "upstream_truncated"),
    "chunks, before the end": (CHUNKED + b"3\r\nabc\r\n0\r\n", "close", "upstream_truncated"),
    "chunks, in a trailer": (CHUNKED + b"0\r\nA: b\r\n", "close", "upstream_truncated"),
    "chunks, reset": (CHUNKED + b"3\r\nabc\r\n", "reset", "upstream_truncated"),
    "bad size": (CHUNKED + b"3\r\nabc\r\nx\r\n", "", "upstream_bad_response"),
    "bad size at once": (CHUNKED + b"x\r\nabc\r\n0\r\n\r\n", "", "upstream_bad_response"),
    "size with 0x": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", "", "upstream_bad_response"),
    "chunk too long": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", "", "upstream_bad_response"),
    "bare LF": (CHUNKED + b"3\nabc\n0\n\n", "", "upstream_bad_response"),
    "bad trailer": (CHUNKED + b"0\r\nA : b\r\n\r\n", "", "upstream_bad_response"),
    "until close, reset": (head() + b"abc", "reset", "upstream_truncated"),
    "HTTP/1.0, reset": (head(version=b"1.0") + b"abc", "reset", "upstream_truncated"),
}


@pytest.mark.parametrize("raw, end, reason", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("minor", [b"1", b"0"])
async def test_an_answer_that_breaks_is_broken_visibly(
    raw: bytes, end: str, reason: str, minor: bytes
) -> None:
    evil = Evil(raw, end=end)
    async with serving(evil) as running:
        client = await running.connect()
        await client.send(request().replace(b"HTTP/1.1", b"HTTP/1." + minor))
        with pytest.raises(BrokenAnswerError):
            await client.answer()
        await next_one_is_served(running, evil)
        record, _ = running.records
    assert (record.status, record.reason, record.attempts) == (200, reason, 1)


EXTRA = {
    "behind a length": (head(b"Content-Length: 2") + b"ok", "GET"),
    "behind no content": (head(b"Content-Length: 0"), "GET"),
    "behind the last chunk": (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", "GET"),
    "behind trailers": (CHUNKED + b"0\r\nA: b\r\n\r\n", "GET"),
    "behind 204": (head(status=b"204 No Content"), "GET"),
    "behind 204 with a length": (head(b"Content-Length: 8", status=b"204 No Content"), "GET"),
    "behind 304": (head(b"Content-Length: 8", status=b"304 Not Modified"), "GET"),
    "behind the answer to HEAD": (head(b"Content-Length: 8"), "HEAD"),
}


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("extra", [SMUGGLED, b"x", b"\r\n"])
@pytest.mark.parametrize("raw, method", EXTRA.values(), ids=EXTRA)
async def test_what_comes_behind_an_answer_reaches_nobody(
    raw: bytes, method: str, extra: bytes, *, later: bool
) -> None:
    evil = Evil(raw, extra) if later else Evil(raw + extra)
    evil.next_piece = asyncio.Event()
    async with serving(evil) as running:
        answer = await ask(running, method)
        evil.next_piece.set()
        await next_one_is_served(running, evil)
        assert running.meters.unsolicited_total == 1
    assert answer.status < 400
    assert b"smuggled" not in answer.body


async def test_what_an_upstream_says_before_it_is_asked_reaches_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_connection = Connector.open

    async def open_slowly(self: Connector) -> Upstream:
        connection = await open_connection(self)
        await until(lambda: connection.state != OPENING or not connection.is_quiet())
        return connection

    monkeypatch.setattr(Connector, "open", open_slowly)
    said = False

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        if not said:
            said = True
            writer.write(SMUGGLED)
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                writer.write(GOOD)

    async with serving(serve) as running:
        first = await ask(running)
        monkeypatch.undo()
        second = await ask(running)
        record, _ = running.records
    assert (first.status, record.reason, record.attempts) == (502, "connect_failure", 0)
    assert second.body == b"good"


async def test_what_lies_in_wait_on_an_idle_connection_is_not_taken_for_an_answer() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.read(1 << 16):
            writer.write(GOOD)

    async with serving(serve) as running:
        assert (await ask(running)).body == b"good"
        (connector,) = running.engine.connectors()
        (idle,) = connector.pool.idle
        assert idle.is_quiet()
        with raw_socket(writers[0]) as sock:
            sock.sendall(SMUGGLED)
        # The loop has not turned: nobody but the kernel knows of it yet.
        assert connector.checkout(running.engine.now) is None
        assert connector.pool.open == 0
        assert (await ask(running)).body == b"good"
    assert len(writers) == 2


async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.read(1 << 16):
            writer.write(GOOD)

    async with serving(serve) as running:
        assert (await ask(running)).body == b"good"
        (connector,) = running.engine.connectors()
        with raw_socket(writers[0]) as sock:
            sock.shutdown(socket.SHUT_WR)
        assert connector.checkout(running.engine.now) is None
