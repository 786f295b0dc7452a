"""One sidecar takes over from another: what it is given, and what the old one does meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.proxy import handover
from sidecar.proxy.handover import GaveWay, HandoverServer, NothingToTakeOver, Takeover
from sidecar.proxy.sockets import listen_tcp, listen_unix
from tests.proxy.client import PATIENCE_SECONDS, until

ASK = b"take-over\n"
READY = b"ready\n"


@dataclass
class Old:
    """A sidecar that can be taken over from."""

    control: Path
    sockets: Mapping[str, socket.socket]
    server: HandoverServer = field(init=False)
    drains: int = 0

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = HandoverServer(loop, self.sockets["control"], self.sockets, self._drain)
        self.server.start()

    def _drain(self) -> None:
        self.drains += 1


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Old]:
    path = tmp_path / "control.sock"
    sockets = {
        "inbound": listen_tcp("127.0.0.1", 0),
        "admin": listen_unix(tmp_path / "admin.sock", 0o600),
        "control": listen_unix(path, 0o600),
    }
    one = Old(path, sockets)
    yield one
    one.server.stop()
    await asyncio.sleep(0)
    for sock in sockets.values():
        sock.close()


async def take_over(path: Path) -> Takeover:
    return await asyncio.to_thread(Takeover, path)


@contextlib.contextmanager
def closed_afterwards(new: Takeover) -> Iterator[Mapping[str, socket.socket]]:
    """The sockets that were taken over."""
    try:
        yield new.sockets
    finally:
        new._connection.close()
        for sock in new.sockets.values():
            sock.close()


async def answer_to(old: Old, *words: bytes) -> bytes:
    """What somebody hears until the end who says these words, each once the last was answered."""
    reader, writer = await asyncio.open_unix_connection(old.control)
    with contextlib.closing(writer):
        heard = b""
        for word in words:
            writer.write(word)
            if word == ASK:
                heard += await asyncio.wait_for(reader.read(4096), PATIENCE_SECONDS)
        writer.write_eof()
        return heard + await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)


def kernel_socket(sock: socket.socket) -> int:
    """What two descriptors have in common that are the same socket."""
    return os.fstat(sock.fileno()).st_ino


async def test_the_very_sockets_are_handed_over_by_name(old: Old) -> None:
    with closed_afterwards(await take_over(old.control)) as taken:
        assert list(taken) == ["inbound", "admin", "control"]
        for name, sock in taken.items():
            assert kernel_socket(sock) == kernel_socket(old.sockets[name])
            assert not sock.getblocking()


async def test_who_was_not_accepted_yet_is_accepted_by_the_new_one(old: Old) -> None:
    with socket.create_connection(old.sockets["inbound"].getsockname()) as client:
        with closed_afterwards(await take_over(old.control)) as taken:
            accepted, address = taken["inbound"].accept()
            accepted.close()
        assert address == client.getsockname()


async def test_the_old_one_drains_when_the_new_one_is_ready_and_not_before(old: Old) -> None:
    new = await take_over(old.control)
    with closed_afterwards(new):
        assert old.drains == 0
        await asyncio.to_thread(new.ready)
        assert old.drains == 1


async def test_the_new_one_can_be_taken_over_from_in_its_turn(old: Old) -> None:
    second = await take_over(old.control)
    with closed_afterwards(second) as taken:
        await asyncio.to_thread(second.ready)
        successor = Old(old.control, taken)
        third = await take_over(old.control)
        with closed_afterwards(third) as again:
            await asyncio.to_thread(third.ready)
            assert kernel_socket(again["inbound"]) == kernel_socket(old.sockets["inbound"])
        assert (old.drains, successor.drains) == (1, 1)


# --- successors that do not make it


async def test_a_new_one_that_dies_before_it_is_ready_leaves_all_as_it_was(old: Old) -> None:
    for _ in range(3):
        with closed_afterwards(await take_over(old.control)):
            pass
    assert old.drains == 0
    new = await take_over(old.control)
    with closed_afterwards(new):
        await asyncio.to_thread(new.ready)
    assert old.drains == 1


@pytest.mark.parametrize("words", [b"", b"hello\n", b"ready\n", b"take-over", b"GET / HTTP/1.1"])
async def test_who_does_not_ask_is_given_nothing(old: Old, words: bytes) -> None:
    assert await answer_to(old, words) == b""
    with closed_afterwards(await take_over(old.control)) as taken:
        assert taken
    assert old.drains == 0


@pytest.mark.parametrize("words", [b"", b"not yet\n", b"read", ASK])
async def test_who_does_not_say_that_it_is_ready_is_not(old: Old, words: bytes) -> None:
    assert await answer_to(old, ASK, words) == b'["inbound", "admin", "control"]'
    with closed_afterwards(await take_over(old.control)) as taken:
        assert taken
    assert old.drains == 0


async def test_who_says_nothing_at_all_keeps_nobody_else_waiting(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patience:
        patience.setattr(handover, "_ANSWER_SECONDS", 0.02)
        reader, mute = await asyncio.open_unix_connection(old.control)
        with contextlib.closing(mute):
            assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
    with closed_afterwards(await take_over(old.control)) as taken:
        assert taken


async def test_who_is_slow_to_start_is_waited_for(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = await take_over(old.control)
    with closed_afterwards(new):
        monkeypatch.setattr(handover, "_ANSWER_SECONDS", 0.0)
        await asyncio.sleep(0.01)
        await asyncio.to_thread(new.ready)
    assert old.drains == 1


async def test_once_taken_over_it_is_not_taken_over_again(old: Old) -> None:
    """The new one may be gone by the time that it would hear of the drain."""
    new = await take_over(old.control)
    with closed_afterwards(new):
        new._connection.sendall(READY)
    await until(lambda: old.drains)
    task = old.server._task
    assert task is not None
    await until(task.done)
    assert old.drains == 1
    assert task.cancelled()


async def test_one_that_hangs_gives_way_to_the_next(old: Old) -> None:
    hangs = await take_over(old.control)
    with closed_afterwards(hangs):
        new = await take_over(old.control)
        with closed_afterwards(new):
            with pytest.raises(GaveWay):
                await asyncio.to_thread(hangs.ready)
            assert old.drains == 0
            await asyncio.to_thread(new.ready)
            assert old.drains == 1


async def test_one_that_hangs_and_is_ready_too_late_takes_nothing_over(old: Old) -> None:
    hangs = await take_over(old.control)
    with closed_afterwards(hangs):
        new = await take_over(old.control)
        with closed_afterwards(new):
            await asyncio.to_thread(new.ready)
            with pytest.raises(GaveWay):
                await asyncio.to_thread(hangs.ready)
    assert old.drains == 1


class NoDescriptors:
    """A loop whose first connections cannot be accepted."""

    def __init__(self, times: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def sock_accept(self, sock: socket.socket) -> Any:
        if self.times:
            self.times -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return await self._loop.sock_accept(sock)


async def test_without_descriptors_it_is_tried_again(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "_PAUSE_SECONDS", 0.01)
    old.server.stop()
    await asyncio.sleep(0)
    short = NoDescriptors(3)
    old.server._loop = short  # type: ignore[assignment]
    old.server.start()
    new = await take_over(old.control)
    with closed_afterwards(new):
        assert short.times == 0
        await asyncio.to_thread(new.ready)
    assert old.drains == 1


# --- predecessors that are not there


async def test_an_old_one_that_is_gone_is_not_waited_for(old: Old) -> None:
    new = await take_over(old.control)
    with closed_afterwards(new):
        old.server.stop()
        await asyncio.to_thread(new.ready)
    assert old.drains == 0


@pytest.mark.parametrize("kind", ["missing", "file", "stale"])
def test_where_nobody_answers_there_is_nothing_to_take_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "control.sock"
    if kind == "file":
        path.touch()
    elif kind == "stale":
        listen_unix(path, 0o600).close()
    with pytest.raises(NothingToTakeOver):
        Takeover(path)


@pytest.mark.parametrize("answer", [b"", b"what?\n", b"\xff", b'["inbound"'])
async def test_where_somebody_else_answers_there_is_nothing_to_take_over(
    tmp_path: Path, answer: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(4096))
        writer.write(answer)
        writer.close()

    asked: list[bytes] = []
    path = tmp_path / "control.sock"
    async with await asyncio.start_unix_server(serve, path):
        with pytest.raises(NothingToTakeOver):
            await take_over(path)
    assert asked == [ASK]


# --- the end


async def test_who_is_told_to_stop_answers_no_more(old: Old) -> None:
    task = old.server._task
    assert task is not None
    old.server.stop()
    old.server.stop()
    await until(task.done)
    assert task.cancelled()
