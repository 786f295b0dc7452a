"""HAProxy in front of another upstream: a second, different implementation of HTTP/1.1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.servers.ports import Address
from tests.servers.processes import Process, start_on_free_port
from tests.servers.programs import need


class Haproxy:
    """A running HAProxy that forwards everything to one upstream."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self.address = f"127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self.process.pid


@contextlib.contextmanager
def run_haproxy(folder: Path, upstream: Address) -> Iterator[Haproxy]:
    """Start HAProxy in front of ``upstream`` with its files in ``folder``; end it afterwards."""
    program = need("haproxy")

    def command_for(port: int) -> list[str | Path]:
        configuration = folder / "haproxy.cfg"
        configuration.write_text(_configuration(port, upstream))
        return [program, "-db", "-f", configuration]

    process, port = start_on_free_port("haproxy", folder, command_for)
    with process:
        yield Haproxy(process, port)


def _configuration(port: int, upstream: Address) -> str:
    server = upstream.removeprefix("unix:")
    return f"""
global
    maxconn 2000
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
    option http-keep-alive
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    default_backend upstream
backend upstream
    http-response set-header x-front haproxy
    server one {server}
"""
