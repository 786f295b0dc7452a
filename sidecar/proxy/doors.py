"""Where this process listens: what it inherits, what it binds, and the files it leaves behind.

A socket that is inherited is used when it listens where the rules want it; one that they want
no longer, or elsewhere, is let go.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from sidecar.model.addresses import Address
from sidecar.proxy.sockets import address_of, listen_tcp, listen_unix


class Doors:
    """The listening sockets of a process, by name."""

    def __init__(self) -> None:
        self.sockets: dict[str, socket.socket] = {}
        self._passed: dict[str, socket.socket] = {}
        self._inherited: dict[str, socket.socket] = {}
        #: Files of Unix sockets that go when we go, and which file it was that we bound.
        self._ours: dict[Path, int] = {}
        self._theirs: set[Path] = set()

    def passed(self, sockets: Mapping[str, socket.socket]) -> None:
        """Sockets that whoever started us opened; where they listen is not for us to say."""
        self._passed.update(sockets)

    def inherited(self, sockets: Mapping[str, socket.socket]) -> None:
        """Sockets of the sidecar before us, which serves on them until we are ready."""
        self._inherited.update(sockets)

    def open(self, name: str, address: Address, mode: int) -> None:
        """Have a socket listen at ``address``, a Unix socket's path being whole.

        Raises ``CannotListen``.
        """
        passed = self._passed.pop(name, None)
        inherited = self._inherited.get(name)
        if passed is not None:
            self.sockets[name] = passed
        elif inherited is not None and _listens_at(inherited, address):
            self.sockets[name] = self._inherited.pop(name)
            if address.path:
                self._theirs.add(Path(address.path))
        elif address.path:
            path = Path(address.path)
            self.sockets[name] = listen_unix(path, mode)
            self._ours[path] = path.stat().st_ino
        else:
            self.sockets[name] = listen_tcp(address.host, address.port)

    def addresses(self) -> dict[str, str]:
        """Where each socket listens, as the rule file writes it."""
        return {name: address_of(sock) for name, sock in self.sockets.items()}

    def settle(self) -> None:
        """We serve, and whoever was before us accepts no more: what was theirs is ours."""
        for path in self._theirs:
            with contextlib.suppress(OSError):
                self._ours[path] = path.stat().st_ino
        served = self.addresses().values()
        for sock in self._inherited.values():
            if sock.family == socket.AF_UNIX and address_of(sock) not in served:
                with contextlib.suppress(OSError):
                    Path(sock.getsockname()).unlink()
        self._close_unwanted()

    def close(self) -> None:
        """Close everything."""
        for sock in self.sockets.values():
            # The event loop has closed those that were served.
            with contextlib.suppress(OSError):
                sock.close()
        self.sockets.clear()
        self._close_unwanted()

    def remove_files(self) -> None:
        """Remove the files of Unix sockets, unless another process has bound them anew."""
        for path, inode in self._ours.items():
            with contextlib.suppress(OSError):
                if path.stat().st_ino == inode:
                    path.unlink()
        self._ours.clear()

    def _close_unwanted(self) -> None:
        for unwanted in (self._inherited, self._passed):
            for sock in unwanted.values():
                sock.close()
            unwanted.clear()


def _listens_at(sock: socket.socket, address: Address) -> bool:
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX or address.path:
        return bool(name == address.path)
    host, port = name[0], name[1]
    # One address can be written in many ways, and the system knows one.
    return ip_address(host) == ip_address(address.host) and address.port in (0, port)
