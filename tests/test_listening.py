"""Which listeners there are, and in what order they close."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from sidecar.listening import Listening, certificate, in_attributes, wanted
from sidecar.model.addresses import Address
from sidecar.proxy.clock import clock
from sidecar.proxy.engine import Engine
from sidecar.proxy.sockets import listen_tcp
from sidecar.settings import CannotStart
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.proxy.client import Client, until
from tests.proxy.harness import upstream
from tests.ruleset.compiled import checked, compiled

TEXT = """\
format: sidecar/v1
service: shop
listeners:
  inbound: {{bind: 127.0.0.1:8080}}
  outbound: {{bind: 127.0.0.1:15001}}
upstreams:
  app: {{url: http://127.0.0.1:{port}}}
  inventory: {{url: http://127.0.0.1:{port}, local: 127.0.0.1:15011}}
  coupon: {{url: http://10.0.0.6:8080}}
"""


def test_where_to_listen() -> None:
    file = checked(TEXT.format(port=1)).file
    assert file is not None
    assert wanted(file, ["inventory", "coupon"]) == {
        "inbound": Address("127.0.0.1", 8080),
        "outbound": Address("127.0.0.1", 15001),
        "local/inventory": Address("127.0.0.1", 15011),
        "local/coupon": Address("127.0.0.1", 0),
    }


def test_the_log_tells_it_in_declared_words() -> None:
    told = in_attributes({"inbound": "a:1", "local/x": "b:2", "local/y": "b:3", "admin": "unix:/a"})
    assert told == {"inbound": "a:1", "local": ["x=b:2", "y=b:3"], "admin": "unix:/a"}
    assert in_attributes({"inbound": "a:1"}) == {"inbound": "a:1"}


def test_a_certificate_that_is_not_there_is_said(tmp_path: Path) -> None:
    text = TEXT.format(port=1).replace("8080}", "8080, tls: {cert: c.pem, key: k.pem}}", 1)
    file = checked(text).file
    assert file is not None
    with pytest.raises(CannotStart, match="certificate cannot be used"):
        certificate(file, tmp_path)


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.asked = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            self.asked += 1
            await self.released.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@contextlib.asynccontextmanager
async def listening(port: int) -> AsyncIterator[tuple[Listening, dict[str, int]]]:
    """Everything that the rules want, on ports of its own."""
    loop = asyncio.get_running_loop()
    rules = compiled(TEXT.format(port=port))
    engine = Engine(loop, rules, Meters("test"), RecordRing(10), Random(1))
    sockets = {
        name: listen_tcp("127.0.0.1", 0)
        for name in ("inbound", "outbound", "local/inventory", "admin")
    }
    ports = {name: sock.getsockname()[1] for name, sock in sockets.items()}
    every = Listening(engine, sockets, None)
    await every.open_outbound()
    await every.open_inbound()
    try:
        yield every, ports
    finally:
        every.stop_accepting()
        every.abort()
        sockets["admin"].close()
        for _ in range(4):
            await asyncio.sleep(0)
        for connector in engine.connectors():
            connector.close_idle()
        await asyncio.sleep(0)


async def connected(port: int) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", port))


async def lets_in(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        (await connected(port)).close()
    except OSError:
        return False
    return True


def get(host: str, *lines: str) -> bytes:
    return "\r\n".join(["GET / HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


async def test_only_listeners_are_served() -> None:
    async with listening(1) as (every, _):
        assert [one.door for one in every.every] == ["inbound", "outbound", "local/inventory"]
        assert {one.name for one in every.outbound} == {"outbound"}


async def test_while_requests_are_finished_the_service_can_still_call() -> None:
    script = Slow()
    async with upstream(script) as port, listening(port) as (every, ports):
        client = await connected(ports["inbound"])
        await client.send(get("shop"))
        await until(lambda: script.asked == 1)
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(every.drain_inbound(30.0, lambda: False))
            await asyncio.sleep(0)
            assert not await lets_in(ports["inbound"])
            calls = [await connected(ports[name]) for name in ("outbound", "local/inventory")]
            for call in calls:
                await call.send(get("inventory"))
            await until(lambda: script.asked == 1 + len(calls))
            assert not draining.done()
            script.released.set()
            answer = await client.answer()
            assert (answer.status, answer.closes) == (200, True)
            client.close()
        # The last calls have their answers too.
        for call in calls:
            assert (await call.answer()).status == 200
            call.close()
        await every.drain_outbound(clock(), lambda: False)
        assert all(one.is_empty for one in every.every)


async def test_who_is_handed_over_accepts_nowhere() -> None:
    async with listening(1) as (every, ports):
        every.stop_accepting()
        for name in ("inbound", "outbound", "local/inventory"):
            assert not await lets_in(ports[name])
