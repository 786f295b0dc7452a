"""One connection to an endpoint: an answer is read the same wherever it is cut."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest

from sidecar.cluster.endpoint import UpstreamTls
from sidecar.proxy.tls import upstream_context
from sidecar.proxy.upstream import Upstream
from tests.integration.certificates import Authority
from tests.proxy.client import Answer, raw_socket
from tests.proxy.harness import (
    Proxy,
    Script,
    endpoint,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)
from tests.proxy.scripts import chunked, head


def in_pieces(raw: bytes, *cuts: int, close: bool = False) -> Script:
    """Answers with ``raw``, each piece once the one before was taken."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for start, end in zip((0, *cuts), (*cuts, len(raw)), strict=True):
                writer.write(raw[start:end])
                for _ in range(3):
                    await asyncio.sleep(0)
            if close:
                return

    return serve


async def ask(running: Proxy, method: str = "GET") -> Answer:
    client = await running.connect()
    await client.send(request("/", method=method))
    return await client.answer(method)


LENGTH = head("Content-Length: 5", "A: b") + b"hello"
CHUNKS = (
    b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
    + head("Transfer-Encoding: chunked")
    + chunked(b"he", b"llo", trailers=b"X-T: 1\r\n")
)


@pytest.mark.parametrize("raw, trailers", [(LENGTH, []), (CHUNKS, [(b"x-t", b"1")])])
async def test_an_answer_is_read_wherever_it_is_cut(
    raw: bytes, trailers: list[tuple[bytes, bytes]]
) -> None:
    for cut in range(1, len(raw)):
        async with serving(in_pieces(raw, cut)) as running:
            for _ in range(2):
                answer = await ask(running)
                assert (answer.status, answer.body) == (200, b"hello")
                assert answer.trailers == trailers
            assert running.meters.connects_total == 1
            assert running.meters.unsolicited_total == 0


async def test_an_answer_is_read_byte_by_byte() -> None:
    async with serving(in_pieces(CHUNKS, *range(1, len(CHUNKS)))) as running:
        answer = await ask(running)
    assert (answer.body, len(answer.interim)) == (b"hello", 1)


@pytest.mark.parametrize("interim, status", [(64, 200), (65, 502)])
async def test_so_many_interim_responses_are_an_answer(interim: int, status: int) -> None:
    raw = b"HTTP/1.1 103 Early\r\n\r\n" * interim + LENGTH
    async with serving(in_pieces(raw)) as running:
        answer = await ask(running)
        assert (answer.status, len(answer.interim)) == (status, 64)
        # They are counted anew for each answer.
        assert (await ask(running)).status == status


async def test_an_answer_before_the_request_is_whole_ends_the_connection() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Content-Length: 0", status="413 Too much"))
        assert await reader.read(-1) in (b"", b"abc")
        ended.set()

    async with serving(serve) as running:
        client = await running.connect()
        await client.send(request("/", "Content-Length: 5", method="POST", body=b"abc"))
        assert (await client.answer()).status == 413
        await asyncio.wait_for(ended.wait(), 5)
        assert running.meters.connections_open == 0


async def test_an_upstream_that_closes_at_once_after_its_answer_is_heard() -> None:
    async with serving(in_pieces(LENGTH, close=True)) as running:
        for _ in range(3):
            assert (await ask(running)).body == b"hello"
            await until(lambda: not running.meters.connections_open)
        assert running.meters.connects_total == 3
        assert running.meters.unsolicited_total == 0


async def test_session_tickets_behind_the_handshake_are_nothing_unasked(tmp_path: Path) -> None:
    """A fresh connection would be given up for them, and the request that waits for it fail."""
    authority = Authority(tmp_path)
    context = authority.server(authority.issue("server"))
    shaken: asyncio.Future[tuple[asyncio.StreamWriter, bytes]] = asyncio.Future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        end = context.wrap_bio(received, to_send, server_side=True)
        while not shaken.done():
            received.write(await reader.read(1 << 16))
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(to_send.read())
            else:
                shaken.set_result((writer, to_send.read()))
        await reader.read()

    secured = UpstreamTls("localhost", verify=False)
    async with upstream(serve) as port, proxy(rules_for([endpoint(port, tls=secured)])) as running:
        (connector,) = running.engine.connectors()
        connection, loop = Upstream(connector, float("inf")), asyncio.get_running_loop()
        await loop.create_connection(
            lambda: connection,
            "127.0.0.1",
            port,
            ssl=upstream_context(secured),
            server_hostname="localhost",
        )
        writer, tickets = await asyncio.wait_for(shaken, 5)
        # They are in the kernel before the connection's next turn.
        with contextlib.closing(raw_socket(writer)) as sock:
            assert sock.send(tickets) == len(tickets) > 0
        assert connection.is_quiet()
        connection.close()


async def test_an_upstream_that_answers_and_closes_during_the_upload_is_heard() -> None:
    if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        pytest.skip("the standard library's loop forgets what it has not read when a write fails")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("Content-Length: 2", "Connection: close", status="413 Too much") + b"no")

    size = 4 << 20
    async with serving(serve) as running:
        client = await running.connect()
        client.writer.write(request("/", f"Content-Length: {size}", method="POST") + bytes(size))
        answer = await client.answer()
        (record,) = running.records
    assert (answer.status, answer.body, answer.closes) == (413, b"no", True)
    assert (record.status, record.reason) == (413, "")
