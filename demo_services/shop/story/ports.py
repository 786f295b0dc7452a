"""Ports for one run, chosen before anything starts: the services have to know each other."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from typing import Final

#: Below those that the system gives to outgoing connections, so that none of these takes one.
_RANGE: Final = range(18_000, 32_000)
_TRIES: Final = 1_000


class NoPorts(Exception):  # noqa: N818 - named after what is wrong
    """There are hardly any free ports."""


def free_ports() -> Iterator[int]:
    """Ports on the loopback interface that are free at the moment, each once. Raises NoPorts."""
    for port in random.SystemRandom().sample(_RANGE, _TRIES):
        if _is_free(port):
            yield port
    raise NoPorts(f"no free ports between {_RANGE.start} and {_RANGE.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
