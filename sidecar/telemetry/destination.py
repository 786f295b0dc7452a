"""Where log lines go: a file that may be rotated, or a stream that may be blocked or gone."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
from pathlib import Path
from typing import Final, Protocol

_APPENDING: Final = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


class Destination(Protocol):
    """What the writing thread needs of it."""

    def write(self, data: memoryview) -> int:
        """Write what fits now and say how many bytes that was.

        Raises ``BlockingIOError`` when nothing fits, another ``OSError`` when it failed.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Wait until something fits again, not longer than this."""
        ...

    def refresh(self, *, force: bool) -> bool:
        """Follow a rotation; whether a new file was begun. Raises ``OSError`` when all is lost."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FileDestination:
    """A file by its path, created ``0640`` and opened anew when it was renamed or deleted.

    Raises ``OSError`` when it cannot be opened at first. Named pipes and devices will do too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open(path)

    def write(self, data: memoryview) -> int:
        """See ``Destination``."""
        return os.write(self._descriptor, data)

    def wait(self, seconds: float) -> None:
        """See ``Destination``."""
        _wait(self._descriptor, seconds)

    def refresh(self, *, force: bool) -> bool:
        """Open the path anew when it no longer leads to the open file, or when forced to."""
        if not force and self._is_current():
            return False
        try:
            fresh = _open(self._path)
        except OSError:
            # A renamed file is still read by whoever renamed it; a deleted one by nobody.
            if os.fstat(self._descriptor).st_nlink == 0:
                raise
            return False
        os.close(self._descriptor)
        self._descriptor = fresh
        return True

    def close(self) -> None:
        """See ``Destination``."""
        os.close(self._descriptor)

    def _is_current(self) -> bool:
        try:
            there = self._path.stat()
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))


class StreamDestination:
    """A descriptor that we were started with: a pipe, a terminal, a socket or a file.

    It is shared with other processes, so its own flags are left alone. The descriptor itself is
    duplicated and may be closed.
    """

    def __init__(self, descriptor: int) -> None:
        mode = os.fstat(descriptor).st_mode
        self._socket: socket.socket | None = None
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(descriptor))
            self._descriptor = self._socket.fileno()
        else:
            self._descriptor = _unblocked(descriptor, mode)

    def write(self, data: memoryview) -> int:
        """See ``Destination``."""
        if self._socket is not None:
            return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        return os.write(self._descriptor, data)

    def wait(self, seconds: float) -> None:
        """See ``Destination``."""
        _wait(self._descriptor, seconds)

    def refresh(self, *, force: bool) -> bool:  # noqa: ARG002 - a file's business
        """Nothing to follow: whoever started us redirects it."""
        return False

    def close(self) -> None:
        """See ``Destination``."""
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._descriptor)


def _open(path: Path) -> int:
    return os.open(path, _APPENDING | os.O_CREAT, 0o640)


def _unblocked(descriptor: int, mode: int) -> int:
    """A descriptor of our own that never blocks, where the system gives one."""
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        # Opened by name it has flags of its own. A plain file must keep the offset that it
        # shares with its other writers, and never blocks anyway.
        with contextlib.suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", _APPENDING)
    return os.dup(descriptor)


def _wait(descriptor: int, seconds: float) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll(seconds * 1000)
