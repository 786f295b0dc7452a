"""Upstreams that do one thing after another, whatever connection a request comes by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.proxy.recorder import Ear, Heard

#: Break the connection instead of an answer; take the request and say nothing.
RESET = b"(reset)"
SILENT = b"(silent)"


def answer(status: int = 200, body: bytes = b"ok", *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


OK = answer()
BUSY = answer(503, b"busy")


@dataclass
class Plan:
    """Does the next thing of ``steps`` at each whole request; the last one again and again."""

    steps: list[bytes] = field(default_factory=lambda: [OK])
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    #: Which connection each request came by.
    came_by: list[int] = field(default_factory=list)
    #: Nothing is answered before it is set.
    opens: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.opens.set()

    @classmethod
    def of(cls, *steps: bytes) -> Plan:
        return cls(list(steps))

    def next_step(self) -> bytes:
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number, ear, served = self.connections, Ear(), 0
        while data := await reader.read(1 << 16):
            for _ in range(ear.hear(data)):
                self.heard.append(ear.heard[served])
                self.came_by.append(number)
                served += 1
                await self.opens.wait()
                step = self.next_step()
                if step == RESET:
                    writer.transport.abort()
                    return
                if step != SILENT:
                    writer.write(step)

    @property
    def bodies(self) -> Iterable[bytes]:
        return [one.body for one in self.heard]
