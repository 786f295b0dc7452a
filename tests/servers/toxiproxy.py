"""toxiproxy between a client and a server: a network that is slow, cut off or broken on demand."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tests.servers.ports import Address, free_port
from tests.servers.processes import Process, start_on_free_port
from tests.servers.programs import need_built, versions

_REQUEST_SECONDS = 10.0

#: Which way what is sent goes: ``upstream`` is from the client to the server.
Direction = Literal["upstream", "downstream"]


class Proxy:
    """A port in front of a server. Nothing is wrong with it until a toxic is added."""

    def __init__(self, toxiproxy: Toxiproxy, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._toxiproxy = toxiproxy

    def add(
        self,
        kind: str,
        direction: Direction = "downstream",
        toxicity: float = 1.0,
        **attributes: int,
    ) -> str:
        """Add a toxic to that share of the connections, old ones too; return its name.

        Kinds and attributes are toxiproxy's own: ``latency`` (``latency``, ``jitter``, ms),
        ``bandwidth`` (``rate``, KB/s), ``slow_close`` (``delay``, ms), ``timeout`` (``timeout``,
        ms, 0 for never), ``reset_peer`` (``timeout``, ms), ``slicer`` (``average_size``,
        ``size_variation``, bytes, ``delay``, µs), ``limit_data`` (``bytes``).
        """
        toxic = {
            "type": kind,
            "stream": direction,
            "toxicity": toxicity,
            "attributes": attributes,
        }
        name: str = self._toxiproxy.ask("POST", f"/proxies/{self.name}/toxics", toxic)["name"]
        return name

    def remove(self, toxic: str) -> None:
        """Remove the toxic of that name."""
        self._toxiproxy.ask("DELETE", f"/proxies/{self.name}/toxics/{toxic}")

    def heal(self) -> None:
        """Remove every toxic, and be up."""
        for toxic in self._toxiproxy.ask("GET", f"/proxies/{self.name}/toxics"):
            self.remove(toxic["name"])
        self.up()

    def down(self) -> None:
        """Cut every connection and refuse new ones, until ``up``."""
        self._toxiproxy.ask("PATCH", f"/proxies/{self.name}", {"enabled": False})

    def up(self) -> None:
        """Accept connections again, on the same port."""
        self._toxiproxy.ask("PATCH", f"/proxies/{self.name}", {"enabled": True})


class Toxiproxy:
    """A running toxiproxy; its proxies live as long as it does."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.address = f"127.0.0.1:{port}"
        self._made = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    def in_front_of(self, upstream: Address) -> Proxy:
        """A new proxy for the server at ``host:port``."""
        self._made += 1
        name, port = f"proxy-{self._made}", free_port()
        wanted = {"name": name, "listen": f"127.0.0.1:{port}", "upstream": upstream}
        self.ask("POST", "/proxies", wanted)
        return Proxy(self, name, port)

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        """What its HTTP interface answers; raises ``ValueError`` with what it complains about."""
        body = json.dumps(content) if content is not None else None
        with contextlib.closing(
            http.client.HTTPConnection(self.address, timeout=_REQUEST_SECONDS)
        ) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            msg = f"{method} {path}: {answer.status} {text}"
            raise ValueError(msg)
        return json.loads(text) if text else None


@contextlib.contextmanager
def run_toxiproxy(folder: Path) -> Iterator[Toxiproxy]:
    """Start toxiproxy with its log in ``folder``; end it afterwards."""
    program = need_built("toxiproxy-server", versions()["TOXIPROXY"])

    def command_for(port: int) -> list[str | Path]:
        return [program, "-host", "127.0.0.1", "-port", str(port)]

    # Otherwise it writes ten lines for each connection.
    quiet = {"LOG_LEVEL": "warn"}
    process, port = start_on_free_port("toxiproxy", folder, command_for, environment=quiet)
    with process:
        yield Toxiproxy(process, port)
