"""The sidecar's data path with stubs where the sockets were: bytes in, bytes out, same code."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Self

from sidecar.model.policy import Rule
from sidecar.proxy.clock import clock
from sidecar.proxy.downstream import Downstream
from sidecar.proxy.engine import Engine
from sidecar.proxy.listener import Listener
from sidecar.proxy.sweep import Sweep
from sidecar.ruleset.check import check
from sidecar.ruleset.compiler import compile_rules
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.routes import DecisionCount
from sidecar.ruleset.surroundings import Surroundings
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.pump import RecordPump
from sidecar.telemetry.record import RecordRing

LOOPBACK = "127.0.0.1"


class BrokenPathError(Exception):
    """What came out is not what should have; times of it would mean nothing."""


class StubTransport(asyncio.Transport):
    """Keeps the last thing written, and never blocks."""

    def __init__(self, peer: str = LOOPBACK) -> None:
        super().__init__({"peername": (peer, 40_000)})
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Keep it."""
        self.written = bytes(data)

    def is_closing(self) -> bool:
        """Whether somebody closed it."""
        return self.closing

    def close(self) -> None:
        """Note that."""
        self.closing = True

    def abort(self) -> None:
        """The same."""
        self.closing = True

    def can_write_eof(self) -> bool:
        """As TCP can."""
        return True

    def get_write_buffer_size(self) -> int:
        """All is sent at once."""
        return 0

    def pause_reading(self) -> None:
        """Nothing comes unasked anyway."""

    def resume_reading(self) -> None:
        """Nothing comes unasked anyway."""


class StubLoop(asyncio.SelectorEventLoop):
    """A loop on which every connect succeeds at once, and leads nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.connected: list[tuple[asyncio.Protocol, StubTransport]] = []

    async def create_connection(  # type: ignore[override]  # one of its many forms
        self, factory: Callable[[], asyncio.Protocol], *_: object, **__: object
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect to nothing."""
        protocol, transport = factory(), StubTransport()
        protocol.connection_made(transport)
        self.connected.append((protocol, transport))
        return transport, protocol


class DataPath:
    """One client connection and one upstream connection through a rule file's rules."""

    def __init__(
        self, rule_text: str, records: int, client: str = LOOPBACK, folder: Path = Path()
    ) -> None:
        """``records`` is how many requests may pass before ``carry_records``.

        The files that the rules name are in ``folder``.
        """
        checked = check(rule_text, "bench.rules.yaml", Folder(folder, {}))
        if checked.file is None:
            message = "; ".join(one.message for one in checked.diagnostics)
            raise BrokenPathError(message)
        meters = Meters(checked.file.service)

        def count_of(rule: Rule) -> DecisionCount:
            return meters.decision(rule.kind, rule.name, rule.mode)

        rules = compile_rules(
            checked.file,
            checked.document,
            Surroundings(
                folder,
                count_of,
                files=checked.attachments,
                count_of_objective=meters.objective,
            ),
            None,
        )
        self._loop = StubLoop()
        self._ring = RecordRing(records)
        engine = Engine(self._loop, rules, meters, self._ring, Random(1))
        self._socket = socket.socket()
        self._log = AccessLog(os.devnull, meters)
        self._pump = RecordPump(self._ring, meters, [self._log.feed])
        listener = Listener(engine, "inbound", self._socket, None)
        self._sweep = Sweep(engine, [listener], lambda _: None)
        self._downstream = Downstream(listener)
        self._client = StubTransport(client)
        self._downstream.connection_made(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, request: bytes, answer: bytes) -> None:
        """Send a first request, for which the upstream connection is made.

        Raises :class:`BrokenPathError` if it is not answered with ``answer``'s status.
        """
        self._downstream.data_received(request)
        # Connecting is the one thing that takes turns of the loop.
        for _ in range(10):
            self._loop.run_until_complete(asyncio.sleep(0))
        if not self._loop.connected:
            message = f"nothing was sent upstream; the client got {self._client.written[:200]!r}"
            raise BrokenPathError(message)
        (upstream, self._upstream_side), *_ = self._loop.connected
        self._answer = upstream.data_received
        self._answer(answer)
        self.expect(answer.split(b"\r\n", 1)[0])

    def sweep(self) -> None:
        """What happens a few times a second: the coarse clock, deadlines."""
        self._sweep.look(clock())

    def pass_one(self, request: bytes, answer: bytes) -> None:
        """One exchange, both directions."""
        self._downstream.data_received(request)
        self._answer(answer)

    def refuse_one(self, request: bytes) -> None:
        """One request that the sidecar answers itself."""
        self._downstream.data_received(request)

    def expect(self, status_line: bytes) -> None:
        """Raise :class:`BrokenPathError` unless the client was last told this."""
        written = self._client.written
        if not written.startswith(status_line):
            message = f"expected {status_line!r}, the client got {written[:200]!r}"
            raise BrokenPathError(message)

    @property
    def sent_upstream(self) -> bytes:
        """The last request as the upstream got it."""
        return self._upstream_side.written

    def carry_records(self) -> int:
        """Write the log line of every request since the last call; how many there were."""
        count = len(self._ring)
        while self._pump.turn():
            pass
        return count

    def close(self) -> None:
        """End the log's thread and the loop."""
        self._log.close(1.0)
        self._socket.close()
        self._loop.close()
