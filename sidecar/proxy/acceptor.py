"""Accepts connections from a listening socket, and sees to it that TLS is agreed on in time.

The event loops' own servers say nothing of handshakes under way and cannot be given another
certificate, and asyncio's drops what it accepted in the moment in which it is closed. Only for
plain connections uvloop's does: it costs a fifth less than what is done here.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

from sidecar.proxy.client_connection import HEAD
from sidecar.proxy.downstream import Downstream
from sidecar.proxy.peer import peer_address
from sidecar.proxy.sockets import BACKLOG

if TYPE_CHECKING:
    from sidecar.proxy.listener import Listener

#: Connections accepted before anything else gets its turn.
_AT_A_TIME: Final = 64
#: How long nobody is accepted when the system has no more descriptors or memory.
_PAUSE_SECONDS: Final = 0.2


class Acceptor:
    """The way from a listening socket to a ``Downstream``."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = listener.engine.loop
        self._socket = listener.socket
        self._pause: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._stopped = False
        #: Connections that were accepted, and that no protocol speaks for yet.
        self.opening: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Accept until ``stop``."""
        loop, listener = self._loop, self._listener
        if listener.tls is None and not isinstance(loop, asyncio.BaseEventLoop):
            # A copy, since a server closes its socket when it is closed.
            self._server = await loop.create_server(
                lambda: Downstream(listener), sock=self._socket.dup(), backlog=BACKLOG
            )
        else:
            self._resume()

    def stop(self) -> None:
        """Let in who waits already, and close the door."""
        if self._server is not None:
            self._server.close()
        else:
            self._loop.remove_reader(self._socket.fileno())
        self._stopped = True
        while self._accept_one():
            pass
        if self._pause is not None:
            self._pause.cancel()
        self._socket.close()

    def abort(self) -> None:
        """Break off what is not open yet."""
        for task in self.opening:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_A_TIME):
            if not self._accept_one():
                return

    def _accept_one(self) -> bool:
        """Whether there may be more."""
        try:
            connection, peername = self._socket.accept()
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionAbortedError:
            return True
        except OSError:
            # No descriptors, no memory: those who wait go on waiting in the kernel's queue.
            self._rest()
            return False
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            # Stock asyncio would not: it does not know an accepted socket for a TCP one.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = peer_address(peername)
        if self._listener.arrived(address):
            task = self._loop.create_task(self._open(connection, address))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)
        else:
            connection.close()
        return True

    async def _open(self, connection: socket.socket, address: bytes) -> None:
        listener = self._listener
        downstream = Downstream(listener, address)
        context = listener.tls.context if listener.tls is not None else None
        try:
            await self._loop.connect_accepted_socket(
                lambda: downstream,
                connection,
                ssl=context,
                ssl_handshake_timeout=listener.rules.limits.head_within if context else None,
            )
        except OSError:
            if downstream.state == HEAD and downstream not in listener.connections:
                listener.turned_away(address, "tls_handshake_failed")

    def _rest(self) -> None:
        if self._stopped:
            return
        self._loop.remove_reader(self._socket.fileno())
        self._pause = self._loop.call_later(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket.fileno(), self._accept)
