"""The end: who is waited for, for how long, and what they are told who were not finished."""

from __future__ import annotations

import asyncio

from sidecar.proxy.clock import clock
from sidecar.proxy.drain import drain
from tests.proxy.harness import Proxy, request, serving, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONG_SECONDS = 30.0


class Held:
    """Sends as much of its answer as it is told to, and the rest when it is released."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.released = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(self.first)
            await self.released.wait()
            writer.write(OK[len(self.first) :])


def at_leisure() -> bool:
    return False


async def begin(running: Proxy) -> None:
    """What comes before: no new connections, and no kept ones."""
    running.listener.stop_accepting()
    await asyncio.sleep(0)


async def test_with_nobody_there_it_is_over_at_once() -> None:
    async with serving(Held()) as running:
        await begin(running)
        began = clock()
        await drain(running.engine, running.listener, LONG_SECONDS, at_leisure)
        assert clock() - began < LONG_SECONDS / 2


async def test_waits_for_what_runs() -> None:
    script = Held()
    async with serving(script) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await until(lambda: len(running.engine.exchanges) == 1)
        await begin(running)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(
                drain(running.engine, running.listener, LONG_SECONDS, at_leisure)
            )
            for _ in range(10):
                await asyncio.sleep(0)
            assert not task.done()
            script.released.set()
            answer = await client.read_to_end()
            client.close()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Connection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nok")
        assert running.listener.is_empty


async def test_after_the_time_who_waits_is_told() -> None:
    async with serving(Held()) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await until(lambda: len(running.engine.exchanges) == 1)
        await begin(running)
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 0.0, at_leisure))
            answer = await client.read_to_end()
            client.close()
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b'"reason":"drain_expired"' in answer
        assert running.listener.is_empty


async def test_after_the_time_an_answer_that_has_begun_is_broken_off() -> None:
    async with serving(Held(OK[:-1])) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await until(lambda: any(one.bytes_sent for one in running.engine.exchanges))
        await begin(running)
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 0.0, at_leisure))
            answer = await client.read_to_end()
            client.close()
        assert answer.endswith(b"\r\n\r\no")


async def test_hurried_it_waits_for_nobody() -> None:
    async with serving(Held()) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await until(lambda: len(running.engine.exchanges) == 1)
        await begin(running)
        began = clock()
        await drain(running.engine, running.listener, LONG_SECONDS, lambda: True)
        assert clock() - began < LONG_SECONDS / 2
        await until(lambda: running.listener.is_empty)
        assert not running.engine.exchanges
