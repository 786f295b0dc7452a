"""Deadlines: who is late, and what it is told. Time is what the tests say it is."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.clock import clock
from sidecar.proxy.host_load import Counter, HostLoad
from sidecar.proxy.sweep import TICK_SECONDS, Sweep
from sidecar.ruleset.routes import ListenerLimits, Timeouts
from sidecar.state.load import Load
from tests.proxy.client import BrokenAnswerError, Client, raw_socket
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import Proxy, Recorder, Script, only, request, rules_for, serving, until

LIMITS = ListenerLimits(head_within=10.0, body_rate=100.0, body_grace=10.0)
SLOW = Timeouts(request=1000, per_try=1000, idle=60)


def says(*pieces: bytes) -> Script:
    """Takes a head, says its pieces and no more, and reads nothing of a body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
        await asyncio.Event().wait()

    return serve


async def sent(running: Proxy, data: bytes) -> Client:
    client = await running.connect()
    await client.send(data)
    await until(lambda: any(one.upstream for one in running.engine.exchanges))
    return client


# --- clients that do not send


@pytest.mark.parametrize("keep_alive, before, after", [(60, 9, 11), (5, 4, 6)])
async def test_a_connection_on_which_nothing_ever_comes_is_closed(
    keep_alive: float, before: float, after: float
) -> None:
    async with serving(Recorder(), limits=LIMITS, keep_alive=keep_alive) as running:
        client = await running.connect()
        await until(lambda: running.listener.connections)
        running.look(before)
        assert only(running).state == 0
        running.look(after)
        assert await client.read_to_end() == b""
        assert running.records == []


async def test_a_connection_that_was_used_is_kept_longer() -> None:
    async with serving(Recorder(), limits=LIMITS, keep_alive=60) as running:
        client = await running.connect()
        await client.send(request(close=False))
        assert (await client.answer()).status == 200
        running.look(59)
        await client.send(request(close=False))
        assert (await client.answer()).status == 200
        running.look(130)
        assert await client.read_to_end() == b""


async def test_half_a_head_is_timed_out() -> None:
    async with serving(Recorder(), limits=LIMITS) as running:
        client = await running.connect()
        await client.send(b"GET / HT")
        await until(lambda: running.listener.connections and only(running)._held)
        running.look(9)
        running.look(11)
        answer = await client.answer()
        (record,) = running.records
    assert (answer.status, answer.closes) == (408, True)
    assert (record.status, record.reason) == (408, "head_timeout")


async def test_a_client_that_pipelines_and_never_reads_is_closed() -> None:
    async with serving(Recorder(), limits=LIMITS, keep_alive=60) as running:
        client = await running.connect()
        await until(lambda: running.listener.connections)
        downstream = only(running)
        downstream.pause_writing()
        await client.send(request(close=False))
        await until(lambda: downstream._held)
        running.look(11)
        assert running.listener.connections
        running.look(61)
        await until(lambda: not running.listener.connections)


@pytest.mark.parametrize("framing, body", [
    ("Content-Length: 5000", b"a" * 999),
    ("Transfer-Encoding: chunked", b"3e7\r\n" + b"a" * 999),
])  # fmt: skip
async def test_a_body_that_comes_too_slowly_is_timed_out(framing: str, body: bytes) -> None:
    recorder = Recorder()
    async with serving(recorder, limits=LIMITS) as running:
        raw = request("/", framing, method="POST", close=False)
        client = await sent(running, raw + body)
        await until(lambda: all(one.bytes_received for one in running.engine.exchanges))
        running.look(9.9)
        assert running.engine.exchanges
        running.look(10.1)
        answer = await client.answer()
        (record,) = running.records
        await recorder.all_heard(running)
    assert (answer.status, answer.closes) == (408, True)
    assert (record.status, record.reason) == (408, "body_too_slow")
    assert running.listener.meters.rejected.counts["body_too_slow"] == 1
    assert recorder.whole == []


async def test_a_body_that_comes_fast_enough_may_take_long() -> None:
    async with serving(Recorder(), limits=LIMITS) as running:
        raw = request("/", "Content-Length: 5000", method="POST", close=False)
        client = await sent(running, raw + b"a" * 4000)
        await until(lambda: all(one.bytes_received for one in running.engine.exchanges))
        running.look(0)
        running.look(39)
        assert running.engine.exchanges
        running.look(41)
        assert (await client.answer()).status == 408


async def test_a_client_that_waits_to_be_told_to_send_is_not_slow() -> None:
    async with serving(says(), limits=LIMITS, timeouts=SLOW) as running:
        raw = request("/", "Content-Length: 5", "Expect: 100-continue", method="POST", close=False)
        client = await sent(running, raw)
        running.look(0)
        running.look(59)
        assert running.engine.exchanges
        running.look(61)
        answer = await client.answer()
        (record,) = running.records
    assert (answer.status, record.reason) == (504, "idle_timeout")


async def test_a_client_that_was_told_to_send_and_does_not_is_slow() -> None:
    told = b"HTTP/1.1 100 Continue\r\n\r\n"
    async with serving(says(told), limits=LIMITS, timeouts=SLOW) as running:
        raw = request("/", "Content-Length: 5", "Expect: 100-continue", method="POST", close=False)
        client = await sent(running, raw)
        assert await client.read_until(b"\r\n\r\n") == told
        running.look(0)
        running.look(11)
        assert (await client.answer()).status == 408


async def test_a_client_without_rate_that_stalls_is_to_blame() -> None:
    limits = ListenerLimits(body_rate=0.0)
    async with serving(says(), limits=limits, timeouts=SLOW) as running:
        client = await sent(running, request("/", "Content-Length: 5", method="POST") + b"a")
        running.look(0)
        running.look(61)
        answer = await client.answer()
        (record,) = running.records
    assert (answer.status, record.reason) == (408, "client_stalled")


# --- upstreams that do not read or send


async def test_an_upstream_that_takes_no_body_is_to_blame() -> None:
    size = 32 << 20
    async with serving(says(), limits=LIMITS, timeouts=SLOW) as running:
        client = await running.connect()
        client.writer.write(request("/", f"Content-Length: {size}", method="POST") + bytes(size))
        await until(lambda: running.listener.connections and only(running).is_held_back)
        running.look(0)
        running.look(59)
        assert running.engine.exchanges
        running.look(61)
        (record,) = running.records
    assert (record.status, record.reason) == (504, "idle_timeout")


@pytest.mark.parametrize("framing, body", [
    (b"Content-Length: 5", b"abc"), (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
])  # fmt: skip
async def test_an_answer_that_stalls_is_broken_off(framing: bytes, body: bytes) -> None:
    began = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (framing, body)
    async with serving(says(began), timeouts=SLOW) as running:
        client = await sent(running, request())
        await until(lambda: all(one.bytes_sent for one in running.engine.exchanges))
        running.look(0)
        running.look(59)
        assert running.engine.exchanges
        running.look(61)
        with pytest.raises(BrokenAnswerError):
            await client.answer()
        (record,) = running.records
    assert (record.status, record.reason) == (200, "idle_timeout")


async def test_an_answer_that_nobody_reads_is_the_client_s_fault_and_is_kept_no_longer() -> None:
    size = 64 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    async with serving(says(answer), timeouts=SLOW) as running:
        await sent(running, request())
        await until(lambda: only(running).is_unread)
        running.look(0)
        running.look(61)
        (record,) = running.records
        await until(lambda: not running.listener.connections)
    assert (record.status, record.reason) == (200, "client_stalled")


async def test_an_answer_that_is_read_slowly_is_no_stalled_one() -> None:
    """What the client takes counts, though nothing new is asked of the upstream meanwhile."""
    size = 64 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    async with serving(says(answer), timeouts=SLOW) as running:
        client = await running.connect()
        with raw_socket(client.writer) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await until(lambda: running.listener.connections)
        transport = only(running).transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await client.send(request())
        await until(lambda: only(running).is_unread)
        unsent = transport.get_write_buffer_size()
        running.look(0)
        while transport.get_write_buffer_size() == unsent:
            await client.read(1024)
        assert only(running).is_unread
        running.look(59)
        running.look(61)
        running.look(59 + 59)
        assert running.engine.exchanges
        running.look(59 + 61)
        assert not running.engine.exchanges


# --- connections that close


async def test_a_connection_that_lingers_is_cut_after_a_moment() -> None:
    async with serving(Recorder(), chain=refusing_chain()) as running:
        client = await running.connect()
        raw = request("/", "Content-Length: 1000000", method="POST", close=False)
        await client.send(raw)
        assert (await client.answer()).closes
        assert await client.read() == b""
        running.look(1.9)
        await client.send(b"a")
        assert running.listener.connections
        running.look(2.1)
        await until(lambda: not running.listener.connections)


async def test_a_half_closed_client_that_is_gone_is_found_out() -> None:
    async with serving(says(), timeouts=SLOW) as running:
        client = await sent(running, request(close=False))
        client.send_end()
        await until(lambda: only(running).half_closed)
        client.close()
        for seconds in range(20):
            running.look(seconds)
            await asyncio.sleep(0)
        await until(lambda: not running.listener.connections)
        (record,) = running.records
    assert record.reason == "client_gone"


async def test_a_half_closed_client_that_listens_gets_its_answer() -> None:
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with serving(serve, timeouts=SLOW) as running:
        client = await sent(running, request(close=False))
        client.send_end()
        await until(lambda: only(running).half_closed)
        running.look(0)
        go_on.set()
        answer = await client.answer()
        assert await client.read_to_end() == b""
    assert (answer.status, answer.closes) == (200, True)
    assert {status for status, _ in answer.interim} == {100}


# --- idle connections to upstreams, and the beat itself


async def test_idle_connections_to_an_endpoint_are_closed_in_time() -> None:
    recorder = Recorder()
    async with serving(recorder, pool=PoolSettings(idle=60)) as running:
        await running.ask(request())
        running.look(59)
        assert running.meters.connections_open == 1
        running.look(61)
        assert running.meters.connections_open == 0
        await until(lambda: not recorder.open)


async def test_gauges_are_renewed() -> None:
    async with serving(says(), pool=PoolSettings(max_connections=1), timeouts=SLOW) as running:
        await sent(running, request())
        await (await running.connect()).send(request())
        await until(lambda: len(running.engine.exchanges) == 2)
        running.look(0)
        assert (running.meters.pending, running.meters.requests_in_flight) == (1, 1)


async def test_gauges_of_an_endpoint_that_a_reload_has_removed_do_not_stand_still() -> None:
    async with serving(says(), timeouts=SLOW) as running:
        client, meters = await sent(running, request()), running.meters
        running.look(0)
        assert meters.requests_in_flight == 1
        client.reset()
        await until(lambda: not running.engine.exchanges)
        running.engine.install(rules_for([]))
        assert not running.engine.connectors()
        running.look(1)
        assert meters.requests_in_flight == 0


async def test_it_ticks_by_itself() -> None:
    ticked: list[float] = []
    done = asyncio.Event()

    def each(now: float) -> None:
        ticked.append(now)
        if len(ticked) == 3:
            done.set()

    async with serving(Recorder()) as running:
        sweep = Sweep(running.engine, [running.listener], each)
        started = clock()
        sweep.start()
        await asyncio.wait_for(done.wait(), 5)
        sweep.stop()
        assert running.engine.meters.loop_lag.count == 3
    # The loops count in milliseconds.
    assert started + TICK_SECONDS - 0.002 <= ticked[0] < ticked[1] < ticked[2]
    assert len(ticked) == 3


async def test_an_error_at_a_tick_does_not_end_it() -> None:
    ticked: list[float] = []

    def each(now: float) -> None:
        ticked.append(now)
        raise RuntimeError

    async with serving(Recorder()) as running:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        sweep = Sweep(running.engine, [running.listener], each)
        sweep.start()
        await until(lambda: len(ticked) == 2)
        sweep.stop()


async def test_each_tick_measures_the_load() -> None:
    load = Load()
    async with serving(Recorder()) as running:
        measured = HostLoad(load, Counter("test", 1.0, lambda: 0.0))
        sweep = Sweep(running.engine, [running.listener], lambda _now: None, measured)
        sweep.start()
        await until(lambda: load.closed >= 1)
        sweep.stop()
    assert load.last.queue_delay >= 0.0
