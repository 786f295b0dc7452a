"""Whatever clients make up, the page of metrics stays as small as the rule file is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.clients.connection import ANSWER_SECONDS, Connection, encoded
from tests.integration.rule_text import rules
from tests.integration.telemetry.counted import Counted, page_of
from tests.servers.ports import Address
from tests.servers.prometheus import check_metrics
from tests.servers.sidecar import SidecarStarter

#: Some, and what is left to `make soak`.
MANY = [4_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
CONNECTIONS = 4
BATCH = 50
PAGE_BYTES = 100_000


def word(number: int) -> str:
    """A name that no other number has, of capital letters."""
    letters = ""
    while number:
        number, letter = divmod(number, 26)
        letters += chr(ord("A") + letter)
    return f"Z{letters}Z"


def made_up(number: int) -> tuple[str, bytes]:
    """A request of which nothing was ever seen before; its method."""
    method = (word(number), "GET", "POST", word(number).lower())[number % 4]
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    fields = (
        (f"x-{word(number)}", "yes"),
        ("x-user", f"user-{number}"),
        ("X-Forwarded-For", address),
        ("User-Agent", f"agent/{number}"),
        ("traceparent", f"00-{number + 1:032x}-{number + 1:016x}-01"),
    )
    raw = encoded(f"/made/up/{number}?q={number}", method=method, fields=fields)
    return method, raw.replace(b"Host: shop.example", b"Host: host-%d.example" % number)


def unreadable(number: int) -> bytes:
    """What is no request."""
    return f"GET /{number} HTTP/1.1\r\nHost: a\r\nHost: {number}\r\n\r\n".encode()


async def ask_all(address: str, numbers: Iterator[int], met: Counter[int]) -> None:
    """Ask many at a time, on connections that are opened again when they are closed."""
    connection: Connection | None = None
    while batch := [made_up(number) for _, number in zip(range(BATCH), numbers, strict=False)]:
        while batch:
            connection = connection or await Connection.open(address)
            await connection.send(b"".join(raw for _, raw in batch))
            while batch and connection is not None:
                method, _ = batch.pop(0)
                answer = await connection.answer(method)
                met[answer.status] += 1
                if answer.closes:
                    await connection.close()
                    connection = None
    if connection is not None:
        await connection.close()


def by_clients(counted: Counted) -> set[tuple[str, ...]]:
    """The series, but for what is only there a second after the start."""
    return {
        (one.name, *map("=".join, sorted(one.labels.items())))
        for one in counted.samples
        if not one.name.startswith("sidecar_saturation")
    }


async def ask_unreadably(address: str, count: int) -> None:
    for number in range(count):
        async with await Connection.open(address) as connection:
            await connection.send(unreadable(number))
            await connection.end(ANSWER_SECONDS)


class Obliging(asyncio.Protocol):
    """Answers whatever head it is sent, and costs next to nothing."""

    _transport: asyncio.WriteTransport
    _rest = b""

    def __init__(self, every: list[Obliging]) -> None:
        every.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * len(heads))


@pytest.fixture
async def quick_app() -> AsyncIterator[Address]:
    """A service that has an answer for everything."""
    every: list[Obliging] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Obliging(every), "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for one in every:
        one.abort()
    await asyncio.sleep(0)


@pytest.mark.parametrize("many", MANY)
async def test_what_clients_make_up_makes_no_series(
    sidecar_process: SidecarStarter, quick_app: Address, many: int
) -> None:
    user = {"from": "header", "name": "x-user", "believe": "anyone", "track_at_most": 1000}
    text = rules(
        quick_app,
        keys={"user": user},
        trust={"proxies": ["127.0.0.0/8"]},
        routes=[{"name": "made-up", "match": {"path": "/made/**"}}],
        rate_limits=[{"name": "each", "per": "user", "limit": "1000/s"}],
        slo=[{"name": "up", "good": {"status_below": 500}, "target": "99%", "over": "1d"}],
    )
    sidecar = await asyncio.to_thread(sidecar_process, text)
    met = Counter[int]()
    first = iter(range(200))
    await asyncio.gather(*(ask_all(sidecar.address, first, met) for _ in range(CONNECTIONS)))
    await ask_unreadably(sidecar.address, 5)
    before = Counted(await asyncio.to_thread(page_of, sidecar))
    numbers = iter(range(200, many))
    await asyncio.gather(*(ask_all(sidecar.address, numbers, met) for _ in range(CONNECTIONS)))
    await ask_unreadably(sidecar.address, 50)
    page = await asyncio.to_thread(page_of, sidecar)
    after = Counted(page)
    assert met.total() == many
    assert after.answers == met
    assert after.total("sidecar_requests_rejected_total") == 55
    assert after.judged == Counter(good=many)
    # Not one series more than a few of them made.
    assert by_clients(after) == by_clients(before)
    assert len(page) < PAGE_BYTES
    methods = after.by("http_server_request_duration_seconds_count", "http_request_method")
    assert methods == Counter({("GET",): many // 4, ("POST",): many // 4, ("_OTHER",): many // 2})
    assert after.total("sidecar_rate_limit_tracked_keys") == 1000
    assert b"made/up" not in page
    await asyncio.to_thread(check_metrics, page)
