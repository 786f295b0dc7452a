"""Who is let in: connections in all and per client, and what the rest are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sidecar.proxy.clock import clock
from sidecar.ruleset.routes import ListenerLimits, Trust
from tests.proxy.client import Client
from tests.proxy.harness import LOOPBACK, NOBODY, Proxy, Recorder, only, request, serving, until
from tests.proxy.scripts import head


async def settled(running: Proxy, count: int) -> None:
    await until(lambda: len(running.listener.connections) == count)


async def turned_away(running: Proxy) -> Client:
    """One more client, which is told that there is no room."""
    client = await running.connect()
    answer = await client.answer()
    assert (answer.status, answer.closes) == (503, True)
    assert await client.read_to_end() == b""
    return client


@pytest.mark.parametrize("limits, reason", [
    (ListenerLimits(connections=2), "too_many_connections"),
    (ListenerLimits(connections_per_client=2), "too_many_connections_of_client"),
])  # fmt: skip
async def test_one_more_than_fit_is_turned_away(limits: ListenerLimits, reason: str) -> None:
    async with serving(Recorder(), limits=limits) as running:
        clients = [await running.connect() for _ in range(2)]
        await settled(running, 2)
        refused = await turned_away(running)
        (record,) = running.records
        refused.close()
        await settled(running, 2)
        for client in clients:
            await client.send(request(close=False))
            assert (await client.answer()).status == 200
        clients[0].close()
        await settled(running, 1)
        client = await running.connect()
        await client.send(request())
        assert (await client.answer()).status == 200
        meters = running.engine.meters.listener("inbound")
        assert meters.connections_refused.counts[reason] == 1
        assert meters.connections_total == 4
    assert (record.status, record.reason, record.client) == (503, reason, b"127.0.0.1")


async def test_a_trusted_proxy_may_hold_many() -> None:
    limits = ListenerLimits(connections_per_client=1)
    async with serving(Recorder(), limits=limits, trust=Trust(LOOPBACK, NOBODY)) as running:
        clients = [await running.connect() for _ in range(3)]
        for client in clients:
            await client.send(request(close=False))
            assert (await client.answer()).status == 200


async def test_connections_are_counted_while_they_are_open() -> None:
    async with serving(Recorder()) as running:
        clients = [await running.connect() for _ in range(3)]
        await settled(running, 3)
        meters = running.engine.meters.listener("inbound")
        assert (meters.connections_open, meters.connections_total) == (3, 3)
        clients[0].close()
        clients[1].reset()
        await settled(running, 1)
        assert (meters.connections_open, meters.connections_total) == (1, 3)
        clients[2].close()
        await settled(running, 0)
        assert running.listener._clients == {}


async def test_what_is_no_request_leaves_a_record_and_a_count() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await client.send(b"nonsense\r\n\r\n")
        await client.answer()
        (record,) = running.records
        assert running.engine.meters.listener("inbound").rejected.counts["bad_request"] == 1
    assert (record.method, record.target, record.route) == ("", b"", "")
    assert (record.status, record.reason, record.attempts) == (400, "bad_request", 0)
    assert abs(record.started - clock()) < 5


# --- the end


async def test_while_draining_answers_end_their_connections() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await client.send(request(close=False))
        assert not (await client.answer()).closes
        running.listener.draining = True
        await client.send(request(close=False))
        assert (await client.answer()).closes
        # A request that crosses the answer on its way does not have the connection reset.
        for _ in range(2):
            await client.send(request(close=False))
            await asyncio.sleep(0)
        assert await client.read_to_end() == b""
        assert len(running.records) == 2


async def test_while_draining_quiet_connections_are_closed_soon() -> None:
    async with serving(Recorder(), keep_alive=60) as running:
        client = await running.connect()
        await client.send(request(close=False))
        await client.answer()
        running.listener.draining = True
        running.look(0.5)
        assert only(running).state == 0
        running.look(1.5)
        assert await client.read_to_end() == b""


async def test_nobody_comes_in_any_more_and_who_is_here_stays() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await settled(running, 1)
        running.listener.stop_accepting()
        running.listener.stop_accepting()
        with pytest.raises(OSError, match="Connect"):
            await running.connect()
        await client.send(request())
        assert (await client.answer()).status == 200


async def test_in_the_end_all_are_cut_off() -> None:
    async with serving(Recorder(head("Content-Length: 5") + b"ab")) as running:
        client = await running.connect()
        await client.send(request())
        await client.read_until(b"\r\n\r\nab")
        assert not running.listener.is_empty
        running.listener.abort()
        await until(lambda: running.listener.is_empty)
        (record,) = running.records
    assert record.reason == "client_gone"


async def test_limits_that_a_reload_brings_hold_for_the_next_request() -> None:
    async with serving(Recorder()) as running:
        client = await running.connect()
        await client.send(request(close=False))
        assert (await client.answer()).status == 200
        rules = running.engine.rules
        inbound = replace(rules.listeners["inbound"], limits=ListenerLimits(body=1))
        running.engine.install(replace(rules, listeners={"inbound": inbound}))
        await client.send(request("/", "Content-Length: 2", method="POST", body=b"ab"))
        assert (await client.answer()).status == 413
