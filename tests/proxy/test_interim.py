"""Interim responses, and clients that wait for one before they send."""

from __future__ import annotations

import asyncio

from tests.proxy.harness import Recorder, request, serving
from tests.proxy.scripts import answering, head

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n"
    b"Content-Length: 5\r\nConnection: x\r\nX: 1\r\n\r\n"
)


async def test_interim_responses_are_passed_on() -> None:
    raw = CONTINUE + HINTS + head("Content-Length: 2") + b"ok"
    async with serving(answering(raw)) as running:
        client = await running.connect()
        await client.send(request(close=False) * 2)
        answers = [await client.answer() for _ in range(2)]
        (one, two) = running.records
    for answer in answers:
        assert answer.interim == [(100, []), (103, [(b"link", b"</a.css>")])]
        assert answer.body == b"ok"
    assert (one.status, two.status) == (200, 200)


async def test_a_client_of_http_1_0_gets_none() -> None:
    raw = CONTINUE + HINTS + head("Content-Length: 2") + b"ok"
    async with serving(answering(raw)) as running:
        answer = await running.ask(b"GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"100" not in answer.partition(b"\r\n\r\n")[0].partition(b"Date")[0]


async def test_a_client_is_told_to_send_its_body_when_the_upstream_says_so() -> None:
    got = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(CONTINUE)
        got.append(await reader.readexactly(4))
        writer.write(head("Content-Length: 2") + b"ok")

    async with serving(serve) as running:
        client = await running.connect()
        fields = ("Content-Length: 4", "Expect: 100-Continue")
        await client.send(request("/", *fields, method="POST", close=False))
        assert await client.read_until(b"\r\n\r\n") == CONTINUE
        await client.send(b"body")
        answer = await client.answer()
    assert (answer.status, answer.closes) == (200, False)
    assert b"\r\nExpect: 100-continue\r\n" in got[0]
    assert got[1] == b"body"


async def test_a_client_that_does_not_wait_to_be_told_is_served() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        fields = ("Content-Length: 4", "Expect: 100-continue")
        await client.send(request("/", *fields, method="POST", body=b"body", close=False))
        answer = await client.answer()
    assert (answer.status, answer.closes) == (200, False)
    assert recorder.whole[0].body == b"body"
