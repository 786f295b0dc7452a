"""A client's connection below HTTP: what is paused, and how it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sidecar.proxy.client_connection import LINGERING
from sidecar.proxy.sockets import listen_unix
from sidecar.wire.forwarding import BY_CHUNKS, BY_CLOSE, BY_LENGTH
from tests.proxy.client import Client
from tests.proxy.harness import (
    Proxy,
    Recorder,
    endpoint,
    only,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)


async def quiet(running: Proxy) -> Client:
    """A client that has said nothing yet."""
    client = await running.connect()
    await until(lambda: running.listener.connections)
    return client


async def test_what_is_paused_twice_is_resumed_once() -> None:
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.resume_reading()
        connection.pause_reading()
        connection.pause_reading()
        assert connection.is_held_back
        await client.send(request())
        for _ in range(10):
            await asyncio.sleep(0)
        assert running.records == []
        connection.resume_reading()
        await until(lambda: not connection.is_held_back)
        assert (await client.answer()).status == 200


async def test_a_connection_that_is_gone_is_neither_paused_nor_resumed() -> None:
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.pause_reading()
        connection.transport.abort()
        connection.resume_reading()
        await until(lambda: not running.listener.connections)
        connection.pause_reading()
        connection.resume_reading()
        client.close()


@pytest.mark.parametrize("end", ["_linger", "end_writing"])
async def test_a_reset_that_nobody_has_heard_of_yet_is_no_error(end: str) -> None:
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.pause_reading()
        client.reset()
        await asyncio.sleep(0.05)
        getattr(connection, end)()
        connection.resume_reading()
        await until(lambda: not running.listener.connections)


@pytest.mark.parametrize("framing", [BY_LENGTH, BY_CHUNKS])
async def test_a_framed_answer_is_broken_off_by_the_end(framing: int) -> None:
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.write(b"half")
        connection.break_off(framing)
        assert connection.state == LINGERING
        assert await client.read_to_end() == b"half"


async def test_an_answer_that_only_the_end_frames_is_broken_off_by_a_reset() -> None:
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.write(b"half")
        connection.break_off(BY_CLOSE)
        with pytest.raises(ConnectionResetError):
            await client.read_to_end()


async def test_a_unix_socket_knows_no_reset_and_is_closed(tmp_path: Path) -> None:
    async with upstream(Recorder()) as port:
        sock = listen_unix(tmp_path / "s", 0o600)
        async with proxy(rules_for([endpoint(port)]), sock=sock) as running:
            client = Client(*await asyncio.open_unix_connection(tmp_path / "s"))
            running.clients.append(client)
            await until(lambda: running.listener.connections)
            only(running).break_off(BY_CLOSE)
            assert await client.read_to_end() == b""


async def test_what_was_written_is_sent_before_the_end() -> None:
    size = 8 << 20
    async with serving(Recorder()) as running:
        client = await quiet(running)
        connection = only(running)
        connection.write(bytes(size))
        connection.close_after_flush()
        assert len(await client.read_to_end()) == size


async def test_a_connection_that_lingers_takes_so_much_and_no_more() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await client.send(b"nonsense\r\n\r\n")
        assert (await client.answer()).status == 400
        assert await client.read() == b""
        connection = only(running)
        await client.send(bytes(200_000))
        await until(lambda: connection._skipped == 200_000)
        assert connection.state == LINGERING
        client.writer.write(bytes(100_000))
        await until(lambda: not running.listener.connections)


async def test_a_client_that_ends_while_it_is_waited_for_ends_the_waiting() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await client.send(b"nonsense\r\n\r\n")
        assert (await client.answer()).status == 400
        client.send_end()
        await until(lambda: not running.listener.connections)
