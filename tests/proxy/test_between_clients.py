"""What one client, or one answer, leaves behind never reaches the next client."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from pathlib import Path

from sidecar.cluster.endpoint import UpstreamTls
from sidecar.ruleset.routes import Trust
from tests.integration.certificates import Authority
from tests.proxy.harness import (
    NOBODY,
    Recorder,
    endpoint,
    only,
    proxy,
    request,
    rules_for,
    serving,
    until,
)

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"
#: Head and body in one piece: the answer ends in the read that fills the client's buffers.
WIDE = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Pad: " + b"p" * 900 + b"\r\n\r\n"
    b"c8\r\n" + b"x" * 200 + b"\r\n0\r\n\r\n"
)


async def test_a_client_that_stopped_reading_leaves_no_paused_connection_in_the_pool() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(WIDE)
            await writer.drain()

    async with serving(serve) as running:
        greedy = socket.socket()
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.connect(("127.0.0.1", running.port))
        greedy.setblocking(False)
        await until(lambda: len(running.listener.connections) == 1)
        transport = only(running).transport
        transport.set_write_buffer_limits(high=2048)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        while not only(running).is_unread:
            with contextlib.suppress(BlockingIOError):
                greedy.send(request(close=False) * 50)
            await asyncio.sleep(0)
        greedy.close()
        await until(lambda: not running.listener.connections)
        answer = await running.ask(request("/next"))
        assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_bytes_after_an_answer_over_tls_are_no_answer_to_the_next(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server(authority.issue("server"))
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    rules = rules_for([endpoint(port, tls=UpstreamTls("localhost", verify=False))])
    async with proxy(rules) as running:
        first = await running.connect()
        await first.send(request(close=False))
        assert (await first.answer()).body == b"ok"
        second = await running.connect()
        await until(lambda: len(running.listener.connections) == 2)
        # Both are in the kernel before the proxy's next turn.
        second.writer.write(request("/next", close=False))
        writers[0].write(POISON)
        assert (await second.answer()).body == b"ok"
    server.close()


async def test_a_client_that_resets_at_once_is_nobody_whom_a_unix_socket_would_be() -> None:
    trust = Trust(NOBODY, NOBODY, unix_is_proxy=True, unix_is_caller=True)
    recorder = Recorder()
    async with serving(recorder, trust=trust) as running:
        assert b"200 OK" in await running.ask(request())
        for _ in range(5):
            client = socket.create_connection(("127.0.0.1", running.port))
            client.send(request("/evil", "X-Forwarded-For: 10.1.2.3", close=False))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        assert b"200 OK" in await running.ask(request())
        await until(lambda: not running.listener.connections)
        assert {record.client for record in running.records} == {b"127.0.0.1"}
