"""The sockets on which the sidecar answers its operators."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Final

_BACKLOG: Final = 128
#: Somebody who listens answers at once; this is for a machine that is very busy.
_ANSWERS_WITHIN_SECONDS: Final = 1.0


def listen_unix(path: Path) -> socket.socket:
    """Listen on a Unix socket that only the sidecar's own user may open.

    A file left behind by a process that is gone is replaced. Raises ``OSError``: ``EADDRINUSE``
    when another process listens there, and whatever the file system has to say.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _is_answered(path):
        raise OSError(errno.EADDRINUSE, "another process listens on it", str(path))
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(fresh))
        fresh.chmod(0o600)
        listening.listen(_BACKLOG)
        # Under its name it is there only when it is ready, and never open to others.
        fresh.rename(path)
    except OSError:
        listening.close()
        fresh.unlink(missing_ok=True)
        raise
    listening.setblocking(False)
    return listening


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one. Raises ``OSError`` when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_ANSWERS_WITHIN_SECONDS)
        try:
            caller.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except TimeoutError:
            return True
    return True
