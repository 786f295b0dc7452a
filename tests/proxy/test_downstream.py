"""One client connection: requests in their order, and when it may not go on."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.proxy.clock import clock
from sidecar.ruleset.routes import ListenerLimits, Trust
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import NOBODY, Recorder, only, request, serving, until
from tests.proxy.recorder import Ear

OK = b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("lines", [1, 2, 4])
async def test_empty_lines_before_a_request_are_overlooked(lines: int) -> None:
    async with serving(Recorder()) as running:
        answer = await running.ask(b"\r\n" * lines + request())
    assert answer.startswith(OK)


async def test_more_empty_lines_are_no_request() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(b"\r\n" * 5 + request())
        assert (await client.answer()).status == 400
    assert recorder.seen == b""


async def test_a_head_that_drips_in_is_timed_out_from_its_first_byte() -> None:
    async with serving(Recorder(), limits=ListenerLimits(head_within=10.0)) as running:
        client = await running.connect()
        started = clock()
        for piece, after in ((b"GET / HT", 0.0), (b"TP/1.1\r\n", 6.0), (b"Host: a", 9.5)):
            running.sweep.look(started + after)
            await client.send(piece)
            await until(lambda: only(running)._held.endswith(piece))  # noqa: B023 - awaited
        running.look(10.2)
        answer = await client.answer()
    assert (answer.status, answer.closes) == (408, True)
    assert b'"head_timeout"' in answer.body


async def test_what_follows_a_body_that_is_too_large_is_no_request() -> None:
    recorder = Recorder()
    async with serving(recorder, limits=ListenerLimits(body=10)) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 1000", method="POST", close=False))
        answer = await client.answer()
        await client.send(request("/smuggled"))
        assert await client.read_to_end() == b""
    assert (answer.status, answer.closes) == (413, True)
    assert recorder.seen == b""


async def test_the_rest_of_a_refused_body_that_never_comes_is_not_waited_for() -> None:
    limits = ListenerLimits(body_grace=10.0)
    async with serving(Recorder(), chain=refusing_chain(), limits=limits) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 9", method="POST", close=False) + b"1234")
        answer = await client.answer()
        assert (answer.status, answer.closes) == (429, False)
        running.look(9.0)
        assert running.listener.connections
        running.look(11.0)
        assert await client.read_to_end() == b""


async def test_a_malformed_rest_of_a_refused_body_is_answered_by_the_end_alone() -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        head = request("/", "Transfer-Encoding: chunked", method="POST", close=False)
        await client.send(head + b"3\r\nabc\r\n")
        assert (await client.answer()).status == 429
        await client.send(b"x\r\n" + request("/smuggled"))
        assert await client.read_to_end() == b""


async def test_a_client_that_reads_late_is_read_from_again() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await until(lambda: running.listener.connections)
        downstream = only(running)
        downstream.pause_writing()
        await client.send(b"GET /late HTTP/1.1\r\nHost:")
        await until(lambda: downstream.has_partial_head)
        assert downstream.is_held_back
        downstream.resume_writing()
        await client.send(b" shop.example\r\n\r\n")
        assert (await client.answer()).status == 200


async def test_nothing_is_served_to_a_client_that_does_not_read() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await until(lambda: running.listener.connections)
        downstream = only(running)
        downstream.pause_writing()
        await client.send(request())
        await until(lambda: downstream.has_partial_head)
        assert recorder.seen == b""
        downstream.resume_writing()
        assert (await client.answer()).status == 200


# --- one request after another


async def test_requests_on_one_connection_are_answered_one_after_another() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        for _ in range(3):
            await client.send(request(close=False))
            answer = await client.answer()
            assert (answer.status, answer.version, answer.all("connection")) == (200, b"1.1", [])
        await client.send(request())
        assert (await client.answer()).closes
        assert await client.read_to_end() == b""
    assert len(recorder.whole) == 4


@pytest.mark.parametrize("cut", [1, 7, 40, 90])
async def test_pipelined_requests_are_answered_in_their_order(cut: int) -> None:
    body = b"3\r\nabc\r\n0\r\n\r\n"
    raw = b"".join([
        request("/1", close=False),
        request("/2", "Content-Length: 5", method="POST", close=False, body=b"hello"),
        request("/3", "Transfer-Encoding: chunked", method="POST", close=False, body=body),
        b"\r\n",
        request("/4", method="HEAD", close=False),
        request("/5"),
    ])  # fmt: skip
    recorder = Recorder(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with serving(recorder) as running:
        client = await running.connect()
        for at in range(0, len(raw), cut):
            await client.send(raw[at : at + cut])
            await asyncio.sleep(0)
        answers = [await client.answer(method) for method in ("GET", "GET", "GET", "HEAD", "GET")]
        assert await client.read_to_end() == b""
        targets = [one.target for one in running.records]
    assert [one.closes for one in answers] == [False] * 4 + [True]
    assert [one.target for one in recorder.whole] == targets == [b"/1", b"/2", b"/3", b"/4", b"/5"]
    assert [one.body for one in recorder.whole] == [b"", b"hello", b"abc", b"", b""]


async def test_the_second_is_not_sent_before_the_first_is_answered() -> None:
    go_on = asyncio.Event()
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear()
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                seen.append(ear.heard[-1].target)
                await go_on.wait()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request("/1", close=False) + request("/2", close=False))
        await until(lambda: seen and only(running)._held)
        running.look(0)
        assert (seen, len(running.engine.exchanges)) == ([b"/1"], 1)
        go_on.set()
        assert [(await client.answer()).status for _ in range(2)] == [204, 204]


async def test_what_was_sent_before_the_client_s_end_is_answered() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(request("/1", close=False) + request("/2", close=False) + b"GET /half")
        client.send_end()
        answers = [await client.answer() for _ in range(2)]
        assert await client.read_to_end() == b""
        assert [one.status for one in running.records] == [200, 200]
    assert [one.body for one in answers] == [b"ok", b"ok"]


async def test_a_client_of_http_1_0_is_kept_where_it_wants_that() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        for _ in range(2):
            await client.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert (await client.answer()).get("connection") == b"keep-alive"
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        answer = await client.answer()
        assert (answer.version, answer.closes) == (b"1.1", True)
        assert await client.read_to_end() == b""


@pytest.mark.parametrize("fields, closes", [
    ((), False),
    (("Connection: close",), True),
    (("Connection: CLOSE",), True),
    (("Connection: x, Close",), True),
    (("Connection: close, keep-alive",), True),
    (("Connection: close", "Connection: keep-alive"), True),
    (("Connection: keep-alive", "Connection: close"), True),
    (("Connection: keep-alive",), False),
    (("Connection: closed",), False),
    (("Proxy-Connection: close",), False),
])  # fmt: skip
async def test_a_client_says_whether_its_connection_goes_on(
    fields: tuple[str, ...], *, closes: bool
) -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        await client.send(request("/", *fields, close=False) + request("/next", close=False))
        assert (await client.answer()).closes == closes
        if closes:
            assert await client.read_to_end() == b""
        else:
            assert (await client.answer()).status == 200
    assert len(recorder.whole) == 2 - closes


@pytest.mark.parametrize("start, target, host", [
    ("GET http://Other.example:8080/a?b HTTP/1.1", b"/a?b", b"Other.example:8080"),
    ("GET http://other.example HTTP/1.1", b"/", b"other.example"),
    ("OPTIONS * HTTP/1.1", b"*", b"shop.example"),
    ("OPTIONS http://other.example HTTP/1.1", b"*", b"other.example"),
    ("GET //a//b/ HTTP/1.1", b"//a//b/", b"shop.example"),
    ("GET /?? HTTP/1.1", b"/??", b"shop.example"),
    ("BREW / HTTP/1.1", b"/", b"shop.example"),
])  # fmt: skip
async def test_what_is_asked_for_arrives(start: str, target: bytes, host: bytes) -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        await running.ask(f"{start}\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode())
    (heard,) = recorder.whole
    assert (heard.target, heard.get("host"), heard.version) == (target, host, b"1.1")
    assert heard.method == start.split(maxsplit=1)[0].encode()


async def test_empty_lines_between_requests_are_overlooked_wherever_they_are_cut() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        for piece in (b"\r", b"\n", b"\r\n\r", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n"):
            await client.send(piece)
            await until(lambda: running.listener.connections)
            await asyncio.sleep(0)
        assert (await client.answer()).status == 200
        await client.send(request())
        assert (await client.answer()).status == 200


async def test_an_answer_without_a_date_is_given_one_and_other_fields_are_kept() -> None:
    fields = b"X-B: 1\r\nServer: x\r\nX-B: 2\r\nX-Sidecar-Decision: forged\r\nSet-Cookie: a\r\n"
    hop = b"Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nProxy-Connection: close\r\n"
    answer = b"HTTP/1.1 299 Quite\xa0fine\r\n%b%bContent-Length: 02\r\n\r\nok"
    async with serving(Recorder(answer % (fields, hop))) as running:
        client = await running.connect()
        await client.send(request(close=False))
        plain = await client.read_until(b"\r\n\r\nok")
        (record,) = running.records
        date = running.engine.date
    assert plain == (
        b"HTTP/1.1 299 Quite\xa0fine\r\nX-B: 1\r\nServer: x\r\nX-B: 2\r\nSet-Cookie: a\r\n"
        b"Content-Length: 2\r\nDate: %b\r\nx-sidecar-decision: %b\r\n\r\nok"
        % (date, record.span_id)
    )


async def test_an_answer_with_a_date_keeps_it() -> None:
    answer = b"HTTP/1.1 200\r\ndate: then\r\nContent-Length: 2\r\n\r\nok"
    async with serving(Recorder(answer), trust=Trust(NOBODY, NOBODY, disclose="none")) as running:
        client = await running.connect()
        await client.send(request(close=False))
        plain = await client.read_until(b"\r\n\r\nok")
    assert plain == b"HTTP/1.1 200 \r\ndate: then\r\nContent-Length: 2\r\n\r\nok"


async def test_a_client_that_pipelines_thousands_does_not_keep_others_waiting() -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        await running.connect()
        await until(lambda: running.listener.connections)
        downstream = only(running)
        downstream.data_received(request(method="HEAD", close=False) * 500)
        assert downstream.served == 32
        turns = 0
        while downstream.served < 500:
            before = downstream.served
            await asyncio.sleep(0)
            assert downstream.served - before <= 32
            turns += 1
        assert turns >= 15
        await until(lambda: not downstream.is_held_back)
