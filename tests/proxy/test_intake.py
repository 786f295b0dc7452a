"""A request's body as it comes in: where it ends, and how much of it is read."""

from __future__ import annotations

import pytest

from sidecar.ruleset.routes import ListenerLimits
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import Recorder, only, request, serving, until


def chunked(size: int, piece: int) -> bytes:
    whole = b"%x\r\n%b\r\n" % (piece, bytes(piece))
    rest = size % piece
    last = b"%x\r\n%b\r\n" % (rest, bytes(rest)) if rest else b""
    return whole * (size // piece) + last + b"0\r\n\r\n"


@pytest.mark.parametrize("size, status", [(999, 200), (1000, 200), (1001, 413)])
@pytest.mark.parametrize("chunks", [False, True])
async def test_a_body_may_be_as_large_as_is_said(size: int, status: int, *, chunks: bool) -> None:
    recorder = Recorder()
    framing = "Transfer-Encoding: chunked" if chunks else f"Content-Length: {size}"
    body = chunked(size, 100) if chunks else bytes(size)
    async with serving(recorder, limits=ListenerLimits(body=1000)) as running:
        client = await running.connect()
        await client.send(request("/", framing, method="POST", close=False) + body)
        answer = await client.answer()
        await recorder.all_heard(running)
    assert (answer.status, answer.closes) == (status, status == 413)
    assert [len(one.body) for one in recorder.whole] == ([size] if status == 200 else [])


@pytest.mark.parametrize("size, kept", [(64 << 10, True), ((64 << 10) + 1, False)])
@pytest.mark.parametrize("piece", [100, 5000])
async def test_so_much_of_a_refused_body_is_read_to_keep_the_connection(
    size: int, piece: int, *, kept: bool
) -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        head = request("/", f"Content-Length: {size}", method="POST", close=False)
        await client.send(head)
        assert (await client.answer()).closes != kept
        if kept:
            for _ in range(0, size, piece):
                await client.send(bytes(min(piece, size - _)))
            await client.send(request(close=False))
            assert (await client.answer()).status == 429


@pytest.mark.parametrize("size, kept", [(64 << 10, True), ((64 << 10) + 1, False)])
async def test_the_same_of_chunks_whose_size_nobody_knows(size: int, *, kept: bool) -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        head = request("/", "Transfer-Encoding: chunked", method="POST", close=False)
        await client.send(head)
        assert not (await client.answer()).closes
        # Without its end, which alone would say that it is over.
        await client.send(chunked(size, 1000)[:-5])
        if kept:
            await until(lambda: only(running)._skipped == size)
            await client.send(b"0\r\n\r\n" + request(close=False))
            assert (await client.answer()).status == 429
        else:
            assert await client.read_to_end() == b""


async def test_what_is_behind_a_body_belongs_to_the_next_request() -> None:
    recorder = Recorder()
    inner = request("/inner", close=False)
    async with serving(recorder) as running:
        client = await running.connect()
        head = request("/", f"Content-Length: {len(inner)}", method="POST", close=False)
        await client.send(head + inner + request("/next"))
        assert [(await client.answer()).status for _ in range(2)] == [200, 200]
    first, second = recorder.whole
    assert (first.target, first.body, second.target) == (b"/", inner, b"/next")


async def test_a_body_after_a_chunked_one_is_read_by_its_length() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        client = await running.connect()
        chunks = request("/", "Transfer-Encoding: chunked", method="POST", close=False)
        length = request("/", "Content-Length: 5", method="POST", close=False)
        for raw in (
            chunks + b"3\r\nabc\r\n0\r\n\r\n",
            length + b"0\r\n\r\n",
            chunks + b"0\r\n\r\n",
        ):
            await client.send(raw)
            assert (await client.answer()).status == 200
    assert [one.body for one in recorder.whole] == [b"abc", b"0\r\n\r\n", b""]
