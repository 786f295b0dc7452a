"""How requests end is told to who decides which endpoints are well, and he is obeyed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from sidecar.cluster.ejection import EjectSettings
from sidecar.cluster.endpoint import Endpoint
from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.clock import clock
from tests.proxy.client import until
from tests.proxy.harness import (
    Proxy,
    Recorder,
    Script,
    endpoint,
    proxy,
    request,
    rules_for,
    upstream,
)

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
THRICE = EjectSettings(after=3, seconds=30.0, at_most=1.0)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def _cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    writer.close()


async def _stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - a script
    await reader.read()


@contextlib.asynccontextmanager
async def ejecting(*endpoints: Endpoint) -> AsyncIterator[Proxy]:
    rules = rules_for(endpoints)
    rules.clusters["app"].eject = THRICE
    async with proxy(rules) as running:
        yield running


@pytest.mark.parametrize(
    "script, failures",
    [(Recorder(BUSY), 1), (_hang_up, 1), (_cut, 1), (Recorder(), 0), (Recorder(MISSING), 0)],
)
async def test_answers_and_the_lack_of_them(script: Script, failures: int) -> None:
    async with upstream(script) as port, ejecting(endpoint(port)) as running:
        await running.ask(request())
        (one,) = running.engine.rules.clusters["app"].endpoints
        assert one.ejection.failures == failures


async def test_a_timeout() -> None:
    async with upstream(_stay_silent) as port, ejecting(endpoint(port)) as running:
        (one,) = running.engine.rules.clusters["app"].endpoints
        client = await running.connect()
        await client.send(request())
        await until(lambda: one.in_flight == 1)
        running.look(60.0)
        assert b" 504 " in await client.read_to_end()
        assert one.ejection.failures == 1


async def test_a_client_that_goes_away_tells_nothing() -> None:
    async with upstream(_stay_silent) as port, ejecting(endpoint(port)) as running:
        (one,) = running.engine.rules.clusters["app"].endpoints
        client = await running.connect()
        await client.send(request())
        await until(lambda: one.in_flight == 1)
        client.reset()
        await until(lambda: one.in_flight == 0)
        assert one.ejection.failures == 0


async def test_our_own_full_pool_tells_nothing() -> None:
    pool = PoolSettings(max_connections=1, max_pending=1)
    async with upstream(_stay_silent) as port, ejecting(endpoint(port, pool=pool)) as running:
        (one,) = running.engine.rules.clusters["app"].endpoints
        for number in (1, 2):
            client = await running.connect()
            await client.send(request())
            await until(lambda wanted=number: len(running.engine.exchanges) == wanted)  # type: ignore[misc]
        for _ in range(5):
            assert b" 503 " in await running.ask(request())
        assert one.ejection.failures == 0
        assert one.is_well


async def test_who_cannot_be_reached_is_ejected_and_the_other_one_serves_all() -> None:
    service = Recorder()
    async with upstream(Recorder()) as gone:
        pass
    async with upstream(service) as port, ejecting(endpoint(gone), endpoint(port)) as running:
        dead, alive = running.engine.rules.clusters["app"].endpoints
        for _ in range(10):
            assert b" 200 " in await running.ask(request())
        assert (dead.ejection.total, dead.is_well, alive.is_well) == (1, False, True)
        assert running.engine.meters.client("app", dead.name).connect_failures.counts == {
            **running.engine.meters.client("app", alive.name).connect_failures.counts,
            "connect_failure": 3,
        }
        running.look(0.1)
        assert running.engine.meters.client("app", dead.name).is_ejected


async def test_with_nobody_left_the_answer_is_503_at_once_until_one_is_back() -> None:
    service = Recorder(BUSY)
    async with upstream(service) as port, ejecting(endpoint(port)) as running:
        for _ in range(3):
            await running.ask(request())
        answer = await running.ask(request())
        assert b" 503 " in answer
        assert b"no_endpoint" in answer
        assert len(service.requests) == 3
        running.engine.tick(clock() + 31.0)
        await running.ask(request())
        assert len(service.requests) == 4


async def test_where_nobody_is_ever_ejected_nothing_is_noted() -> None:
    async with upstream(Recorder(BUSY)) as port, proxy(rules_for([endpoint(port)])) as running:
        for _ in range(10):
            await running.ask(request())
        (one,) = running.engine.rules.clusters["app"].endpoints
        assert (one.watch, one.ejection.failures) == (None, 0)
