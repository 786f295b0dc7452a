"""Passes the listening sockets of a running sidecar to the one that takes over.

Over a Unix socket in the state directory: the new process asks, gets the sockets, starts to
serve, and says so; only then the old one stops accepting and drains. If the new one dies before
it is ready, the old one goes on as if nothing had been; if it hangs, the next one that asks is
given the sockets in its place.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_ASK: Final = b"take-over\n"
_READY: Final = b"ready\n"
_DRAINING: Final = b"draining\n"
_GIVE_WAY: Final = b"give-way\n"
_MESSAGE_BYTES: Final = 4096
_SOCKETS_AT_MOST: Final = 16
_ANSWER_SECONDS: Final = 10.0
#: How long nobody is answered when the system has no more descriptors or memory.
_PAUSE_SECONDS: Final = 0.2


class NothingToTakeOver(Exception):  # noqa: N818 - reads as what it says to the user
    """No sidecar answers on the control socket."""


class GaveWay(OSError):  # noqa: N818 - reads as what it says to the user
    """Another sidecar asked to take over before this one was ready."""


class HandoverServer:
    """The old side: offers the sockets to whoever connects to the control socket."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        control: socket.socket,
        offered: Mapping[str, socket.socket],
        taken_over: Callable[[], None],
    ) -> None:
        """``offered`` includes the control socket itself; ``taken_over`` begins the drain."""
        self._loop = loop
        self._control = control
        self._offered = offered
        self._taken_over = taken_over
        self._task: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        #: The connection of the one who was given the sockets, and is not ready yet.
        self._successor: socket.socket | None = None

    def start(self) -> None:
        """Answer until ``stop``."""
        self._task = self._loop.create_task(self._serve())

    def stop(self) -> None:
        """Answer no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for task in self._answering:
            task.cancel()

    async def _serve(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._control)
            except OSError:
                # No descriptors, no memory: who asks waits in the kernel's queue.
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            task = self._loop.create_task(self._answer(connection))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                async with asyncio.timeout(None) as bound:
                    if not await self._hand_over(connection, bound):
                        return
            except (OSError, TimeoutError):
                return
            finally:
                if self._successor is connection:
                    self._successor = None
            if self._task is not None:
                self._task.cancel()
            self._taken_over()
            # If the new one is gone already, there is nobody to tell, and no way back.
            with suppress(OSError):
                await self._loop.sock_sendall(connection, _DRAINING)

    async def _hand_over(self, connection: socket.socket, bound: asyncio.Timeout) -> bool:
        """Whether the one who asked is ready to serve."""
        bound.reschedule(self._loop.time() + _ANSWER_SECONDS)
        if await self._loop.sock_recv(connection, _MESSAGE_BYTES) != _ASK:
            return False
        names = list(self._offered)
        descriptors = [self._offered[name].fileno() for name in names]
        self._withdraw()
        self._successor = connection
        socket.send_fds(connection, [json.dumps(names).encode()], descriptors)
        # How long the other takes to start is its own affair: it is we who serve meanwhile.
        bound.reschedule(None)
        ready = await self._loop.sock_recv(connection, _MESSAGE_BYTES) == _READY
        return ready and self._successor is connection

    def _withdraw(self) -> None:
        """Whoever was to take over does not: it may hang, and another one has come."""
        if self._successor is not None:
            with suppress(OSError):
                self._successor.send(_GIVE_WAY)
                self._successor.shutdown(socket.SHUT_RDWR)


class Takeover:
    """The new side: holds the connection to the old one until we serve."""

    def __init__(self, control_path: Path) -> None:
        """Ask for the sockets. Raises ``NothingToTakeOver``."""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(_ANSWER_SECONDS)
        try:
            self._connection.connect(str(control_path))
            self._connection.sendall(_ASK)
            message, descriptors, _, _ = socket.recv_fds(
                self._connection, _MESSAGE_BYTES, _SOCKETS_AT_MOST
            )
            names = json.loads(message)
        except (OSError, ValueError) as error:
            self._connection.close()
            raise NothingToTakeOver(str(error)) from error
        #: The listening sockets of the old process, by name.
        self.sockets: dict[str, socket.socket] = {}
        for name, descriptor in zip(names, descriptors, strict=True):
            sock = socket.socket(fileno=descriptor)
            sock.setblocking(False)
            self.sockets[name] = sock

    def ready(self) -> None:
        """We serve: the old process may drain. Returns when it does, or is gone.

        Raises ``GaveWay``: the old process, or another, serves on the same sockets.
        """
        answer = b""
        with self._connection:
            # If it died in the meantime we serve already, which is all that matters.
            with suppress(OSError):
                self._connection.sendall(_READY)
            # What it said before it hung up can be read even if it hears no more.
            with suppress(OSError):
                answer = self._connection.recv(_MESSAGE_BYTES)
        if answer == _GIVE_WAY:
            message = "another sidecar takes over"
            raise GaveWay(message)
