"""One client connection: requests in their order, and when it may not go on."""

from __future__ import annotations

import pytest

from sidecar.proxy.clock import clock
from sidecar.ruleset.routes import ListenerLimits
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import Recorder, only, request, serving, until

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
