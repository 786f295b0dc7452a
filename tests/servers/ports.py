"""Free ports on the loopback interface, and waiting until somebody listens there."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

from tests.servers.patience import PATIENCE_SECONDS, Waiting

#: ``host:port``, or ``unix:/path`` for a Unix socket.
Address = str

_PROBE_SECONDS = 1.0
#: Below those that systems give to port 0 and to connections (on Linux from 32768 on), so that a
#: port stays free until its server binds it, whatever else connects meanwhile.
_CHOSEN = range(10_000, 32_000)
#: Every process that runs tests draws for itself.
_draw = random.SystemRandom()


def free_port() -> int:
    """A port that was free a moment ago.

    Another process may take it meanwhile: prefer port 0 wherever a server can say which port it
    got, and expect a start to fail once in a blue moon where it cannot.
    """
    while True:
        port = _draw.choice(_CHOSEN)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def connect(address: Address, timeout_seconds: float = _PROBE_SECONDS) -> socket.socket:
    """A blocking socket connected to ``address``; raises ``OSError`` when nobody listens."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_seconds)
        try:
            connection.connect(address.removeprefix("unix:"))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout_seconds)


def is_listening(address: Address) -> bool:
    """Whether somebody accepts connections at ``address`` now."""
    if address.startswith("unix:") and not Path(address.removeprefix("unix:")).exists():
        return False
    try:
        connect(address).close()
    except OSError:
        return False
    return True


def wait_until(
    condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS
) -> None:
    """Return once ``condition`` holds; raise ``TimeoutError`` naming ``what`` after the time."""
    waiting = Waiting(what, timeout_seconds)
    while not condition():
        time.sleep(waiting.pause_seconds())


def wait_until_listening(address: Address, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    """Return once ``address`` accepts connections; raise ``TimeoutError`` after the time."""
    wait_until(lambda: is_listening(address), f"listening at {address}", timeout_seconds)
