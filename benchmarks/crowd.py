"""Ten thousand keep-alive connections that have asked once and now say nothing."""

from __future__ import annotations

import socket
from typing import Self

from benchmarks.load import LoadError

CROWD_SIZE = 10_000
#: The kernel gives out about 28,000 ports for one pair of addresses.
_PER_SOURCE = 5_000
_BATCH = 100
_REQUEST = b"GET /api/small HTTP/1.1\r\nHost: bench\r\nX-Tenant: crowd\r\n\r\n"


class Crowd:
    """Connects on entry, each connection having had one answer; disconnects on exit."""

    def __init__(self, port: int, size: int = CROWD_SIZE) -> None:
        self._port = port
        self._size = size
        self._members: list[socket.socket] = []

    def __enter__(self) -> Self:
        try:
            while len(self._members) < self._size:
                self._admit(min(_BATCH, self._size - len(self._members)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.close()
        self._members.clear()

    def still_there(self) -> int:
        """How many connections the proxy has not closed."""
        return sum(1 for member in self._members if _is_open(member))

    def _admit(self, count: int) -> None:
        fresh = []
        for _ in range(count):
            source = f"127.0.1.{1 + len(self._members) // _PER_SOURCE}"
            member = socket.create_connection(
                ("127.0.0.1", self._port), timeout=10, source_address=(source, 0)
            )
            self._members.append(member)
            member.sendall(_REQUEST)
            fresh.append(member)
        for member in fresh:
            answer = member.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                message = f"an idle connection was answered {answer[:40]!r}"
                raise LoadError(message)


def _is_open(member: socket.socket) -> bool:
    member.setblocking(False)
    try:
        return bool(member.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False
