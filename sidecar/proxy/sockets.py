"""Listening sockets: bound here, inherited from systemd, or from the sidecar that ran before.

A socket that is passed on keeps the connections that wait in its accept queue; closing one and
binding another would have the kernel reset them.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

#: Connections that the kernel keeps for us until they are accepted.
BACKLOG: Final = 4096
#: ``sun_path`` without its closing zero (unix(7)).
_LONGEST_PATH: Final = 107
#: The first descriptor that systemd passes (``sd_listen_fds``).
_FIRST_PASSED: Final = 3


class CannotListen(OSError):  # noqa: N818 - reads as what it says to the user
    """An address that cannot be listened on; the text says which and why."""


def listen_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises ``CannotListen``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        message = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise CannotListen(message) from error
    sock.setblocking(False)
    return sock


def listen_unix(path: Path, mode: int) -> socket.socket:
    """A listening Unix socket; one that nobody listens on any more is replaced.

    Raises ``CannotListen``.
    """
    if (length := len(os.fsencode(path))) > _LONGEST_PATH:
        message = (
            f"cannot listen on unix:{path}: the path has {length} bytes, and the system takes "
        )
        raise CannotListen(f"{message}{_LONGEST_PATH}; choose a shorter one, such as --state-dir")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        sock.bind(str(path))
        path.chmod(mode)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        message = f"cannot listen on unix:{path}: {error.strerror or error}"
        raise CannotListen(message) from error
    sock.setblocking(False)
    return sock


def _remove_stale(path: Path) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.stat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        message = "there is a file of this name that is no socket"
        raise FileExistsError(message)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            message = "somebody listens there already"
            raise OSError(message)


def passed_by_systemd(environment: MutableMapping[str, str]) -> dict[str, socket.socket]:
    """Sockets passed by the service manager, by name (``LISTEN_FDNAMES``).

    They are called ``inbound``, ``outbound``, ``local/UPSTREAM`` and ``prometheus``; one alone is
    ``inbound`` whatever its name.

    The variables are taken out, so that no child believes they are for it.
    """
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    pid = environment.pop("LISTEN_PID", "")
    if not count.isdigit() or pid != str(os.getpid()):
        return {}
    found = {}
    for index in range(int(count)):
        sock = socket.socket(fileno=_FIRST_PASSED + index)
        sock.setblocking(False)
        name = names[index] if index < len(names) else ""
        # A unit without FileDescriptorName= passes its own name: the one socket is for clients.
        found["inbound" if count == "1" else name] = sock
    return found


def address_of(sock: socket.socket) -> str:
    """Where a socket listens, as the rule file writes it."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix:{name}"
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
