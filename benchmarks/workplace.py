"""A directory of its own for everything that one campaign writes, and free ports for it."""

from __future__ import annotations

import os
import re
import resource
import socket
from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
LARGE_BODY_BYTES = 64 * 1024
#: What 10,000 idle connections beside the measured ones take in one process, with room.
OPEN_FILES_WANTED = 16_384

_PLACEHOLDER = re.compile(r"@([A-Z][A-Z_]*)@")


class MissingValueError(LookupError):
    """A template names a value that nobody gave."""


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each ``@NAME@``.

    Raises :class:`MissingValueError` for a name that has no value.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            message = f"the template wants @{match[1]}@"
            raise MissingValueError(message) from None

    return _PLACEHOLDER.sub(value, template)


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return int(port)


def raise_open_files() -> int:
    """Raise this process's (and so its children's) limit of open files; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(OPEN_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


class Workplace:
    """Where configurations are rendered and logs are written."""

    def __init__(self, root: Path, open_files: int) -> None:
        self.root = root
        self.open_files = open_files
        self.upstream_port = free_port()

    def home(self, name: str) -> Path:
        """A directory for one process, made on first use."""
        home = self.root / name
        home.mkdir(exist_ok=True)
        return home

    def render(self, template: str, home: Path, values: Mapping[str, str]) -> Path:
        """Write a filled template into ``home`` and return its path."""
        # An nginx started by root would drop to a user that may not enter the directory.
        user = "user root;" if os.geteuid() == 0 else ""
        shared = {
            "HOME": str(home),
            "UPSTREAM_PORT": str(self.upstream_port),
            "OPEN_FILES": str(self.open_files),
            "NGINX_USER": user,
            # The upstream is the collector as well, unless somebody looks at what arrives.
            "COLLECTOR_PORT": values.get("COLLECTOR_PORT", str(self.upstream_port)),
        }
        filled = {name: fill(value, shared) for name, value in values.items()}
        path = home / template
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        path.write_text(fill(text, {**shared, **filled}), encoding="utf-8")
        return path
