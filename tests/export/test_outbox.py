from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from sidecar.export.outbox import Frame, Outbox

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10_000)
        yield ours, theirs


def frames(count: int, size: int = 1_000) -> list[Frame]:
    return [Frame(bytes([number % 256]) * size, "logs", 1) for number in range(count)]


async def received(theirs: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    theirs.setblocking(False)
    data = b""
    while len(data) < size:
        data += await loop.sock_recv(theirs, 65_536)
    return data


async def test_what_fits_is_sent_at_once(pair: Pair) -> None:
    outbox = Outbox(asyncio.get_running_loop(), pair[0])
    assert outbox.put(Frame(b"one", "logs", 1))
    assert outbox.put(Frame(b"two", "logs", 1))
    assert outbox.is_empty
    assert pair[1].recv(100) == b"onetwo"


async def test_what_does_not_fit_waits_until_the_other_reads(pair: Pair) -> None:
    outbox = Outbox(asyncio.get_running_loop(), pair[0])
    sent = frames(200)
    assert all(outbox.put(one) for one in sent)
    assert not outbox.is_empty
    whole = b"".join(one.data for one in sent)
    assert await received(pair[1], len(whole)) == whole
    assert outbox.is_empty


async def test_what_waits_is_bounded(pair: Pair) -> None:
    outbox = Outbox(asyncio.get_running_loop(), pair[0], limit_bytes=50_000)
    sent = frames(300)
    taken = [one for one in sent if outbox.put(one)]
    assert 50 <= len(taken) < 300
    assert sum(len(one.data) for one in outbox.left()) <= 50_000
    whole = b"".join(one.data for one in taken)
    assert await received(pair[1], len(whole)) == whole
    assert outbox.put(sent[0])
    outbox.close()


async def test_what_was_not_given_whole_is_known(pair: Pair) -> None:
    outbox = Outbox(asyncio.get_running_loop(), pair[0])
    sent = frames(200)
    for one in sent:
        outbox.put(one)
    pair[1].setblocking(False)
    data = b""
    try:
        while True:
            data += pair[1].recv(65_536)
    except BlockingIOError:
        pass
    pair[1].close()
    left = outbox.left()
    assert sum(len(one.data) for one in left) >= 200_000 - len(data)
    assert left == sent[-len(left) :]
    outbox.close()
    assert not outbox.put(sent[0])


async def test_nobody_is_there_any_more(pair: Pair) -> None:
    outbox = Outbox(asyncio.get_running_loop(), pair[0])
    pair[1].close()
    first, second = frames(2)
    outbox.put(first)
    assert outbox.left() == [first]
    assert not outbox.put(second)
