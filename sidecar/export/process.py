"""The exporter's process, as the sidecar has it."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from typing import Final

#: What the kernel holds between both: some slices of records.
_BUFFER_BYTES: Final = 1024 * 1024
#: Without ``-P`` the modules of the folder that we run in, a service's, would go before Python's.
_COMMAND: Final = (sys.executable, "-P", "-m", "sidecar.export")


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Our end and theirs. Raises ``OSError``."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return ours, theirs


class ExporterProcess:
    """A child in a group of its own: what is typed at our terminal is not for it.

    It inherits ``theirs``, which is closed here, and standard error, and nothing else; it ends
    when our end is closed, however that comes about. Starting one takes some milliseconds, so not
    on the loop. Raises ``OSError``.
    """

    def __init__(self, theirs: socket.socket) -> None:
        with theirs:
            self._child = subprocess.Popen(  # noqa: S603 - a part of ours
                [*_COMMAND, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._child.pid

    def end(self, seconds: float) -> None:
        """Wait for its end, not longer than this; then kill it. Not to be called on the loop."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
            return
        self._child.kill()
        self._child.wait()
