"""Who is let in, also in the moment in which the door closes, and what happens when none can be."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator

import pytest

from sidecar.proxy.acceptor import Acceptor
from sidecar.proxy.sockets import listen_tcp
from sidecar.ruleset.routes import ListenerLimits
from tests.proxy.harness import Proxy, endpoint, proxy, request, rules_for, until

#: Nothing is sent upstream in these tests.
NOWHERE = 9


class Undecided:
    """TLS without a certificate: every handshake fails, but one that never begins."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def connected(running: Proxy) -> socket.socket:
    """A client in the kernel's queue; the proxy has not had its turn to accept it."""
    return socket.create_connection(("127.0.0.1", running.port))


async def refused(client: socket.socket) -> bytes:
    """What a client got until it was closed."""
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_who_waits_when_the_door_closes_is_let_in() -> None:
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        clients = [connected(running) for _ in range(20)]
        running.listener.stop_accepting()
        await until(lambda: len(running.listener.connections) == len(clients))
        for client in clients:
            client.close()
        await until(lambda: running.listener.is_empty)


async def test_who_was_accepted_when_the_door_closes_is_let_in() -> None:
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        client = connected(running)
        # One turn: the connection is accepted, and its protocol may not be there yet.
        await asyncio.sleep(0)
        running.listener.stop_accepting()
        await until(lambda: len(running.listener.connections) == 1)
        client.sendall(request("/", "Content-Length: x"))
        assert b"400 Bad Request" in await refused(client)


async def test_nobody_is_let_in_afterwards() -> None:
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        running.listener.stop_accepting()
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            connected(running)


class NoDescriptors:
    """A listening socket that says for a while that there are no more descriptors."""

    def __init__(self, sock: socket.socket, times: int) -> None:
        self._sock = sock
        self.times = times

    def accept(self) -> tuple[socket.socket, object]:
        if self.times:
            self.times -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._sock.accept()

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with listen_tcp("127.0.0.1", 0) as sock:
        yield sock


async def test_without_descriptors_clients_wait_and_the_loop_does_not_spin(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.proxy.acceptor._PAUSE_SECONDS", 0.01)
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        short = NoDescriptors(listening, 3)
        acceptor = Acceptor(running.listener)
        acceptor._socket = short  # type: ignore[assignment]
        acceptor._resume()
        client = socket.create_connection(listening.getsockname())
        await until(lambda: len(running.listener.connections) == 1)
        assert short.times == 0
        acceptor.stop()
        client.close()
        await until(lambda: running.listener.is_empty)


async def test_stopped_while_it_rests_it_stays_stopped(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.proxy.acceptor._PAUSE_SECONDS", 0.01)
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        acceptor = Acceptor(running.listener)
        short = NoDescriptors(listening, 1)
        acceptor._socket = short  # type: ignore[assignment]
        acceptor._accept_one()
        acceptor.stop()
        assert listening.fileno() < 0
        # Adding a closed descriptor to the loop would raise in a callback, which fails the test.
        await asyncio.sleep(0.02)


async def test_stopped_without_descriptors_it_stays_stopped(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.proxy.acceptor._PAUSE_SECONDS", 0.01)
    async with proxy(rules_for([endpoint(NOWHERE)])) as running:
        acceptor = Acceptor(running.listener)
        short = NoDescriptors(listening, 1)
        acceptor._socket = short  # type: ignore[assignment]
        acceptor._resume()
        acceptor.stop()
        assert short.times == 0
        assert listening.fileno() < 0
        # A closed descriptor given to the loop would raise in a callback, which fails the test.
        await asyncio.sleep(0.02)


async def test_handshakes_count_as_connections() -> None:
    limits = ListenerLimits(connections=2, connections_per_client=5)
    rules = rules_for([endpoint(NOWHERE)], limits=limits)
    async with proxy(rules, tls=Undecided()) as running:  # type: ignore[arg-type]
        listener = running.listener
        waiting = [connected(running) for _ in range(2)]
        await until(lambda: len(listener._acceptor.opening) == 2)
        assert not listener.is_empty
        assert not listener.connections
        assert await refused(connected(running)) == b""
        for client in waiting:
            client.close()
        await until(lambda: listener.is_empty)
        assert listener._clients == {}
        assert listener.meters.connections_total == 3


async def test_handshakes_of_one_client_count_together() -> None:
    rules = rules_for([endpoint(NOWHERE)], limits=ListenerLimits(connections_per_client=1))
    async with proxy(rules, tls=Undecided()) as running:  # type: ignore[arg-type]
        with connected(running):
            await until(lambda: len(running.listener._acceptor.opening) == 1)
            assert await refused(connected(running)) == b""
        await until(lambda: running.listener.is_empty)


async def test_a_handshake_that_never_ends_is_cut() -> None:
    rules = rules_for([endpoint(NOWHERE)], limits=ListenerLimits(head_within=0.05))
    async with proxy(rules, tls=Undecided()) as running:  # type: ignore[arg-type]
        assert await refused(connected(running)) == b""
        assert running.listener.is_empty
