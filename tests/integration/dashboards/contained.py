"""A page as a sidecar shows it whose container has too little of CPU and memory.

No test may set a quota on the container that it runs in, and not every kernel tells of pressure;
that what a kernel says is read right has tests of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final

from sidecar.telemetry import catalogue as c
from sidecar.telemetry import host_metrics as h
from tests.integration.scripted import answer

CONTAINED: Final = "contained"
_PRESSURE: Final = "scope='container',resource='cpu',stalled='some'"
_TYPE: Final = "Content-Type: text/plain; version=0.0.4"


class Contained:
    """Each time that it is looked at, ten periods have passed."""

    def __init__(self) -> None:
        self.is_short = False
        self._periods = 0
        self._throttled = 0
        self._killed = 0

    async def __call__(
        self, _: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self._periods += 10
        self._throttled += 6 * self.is_short
        self._killed += self.is_short
        writer.write(answer(self._page().encode(), _TYPE))
        return True

    def _page(self) -> str:
        told = {
            f"{c.BUILD.name}{{{_labels()},version='1',python='3'}}": 1,
            f"{h.CONTAINER_CPU_LIMIT.name}{{{_labels()}}}": 1,
            f"{h.CONTAINER_PERIODS.name}{{{_labels()}}}": self._periods,
            f"{h.CONTAINER_THROTTLED.name}{{{_labels()}}}": self._throttled,
            f"{h.CONTAINER_THROTTLED_TIME.name}{{{_labels()}}}": self._throttled * 0.05,
            f"{h.CONTAINER_MEMORY_EVENTS.name}{{{_labels()},event='oom_kill'}}": self._killed,
            f"{h.PRESSURE.name}{{{_labels()},{_PRESSURE}}}": self._throttled * 0.1,
        }
        return "".join(f"{name} {value}\n" for name, value in told.items()).replace("'", '"')


def _labels() -> str:
    return f"service='{CONTAINED}'"
