"""A sidecar that commands can ask: its admin API on a Unix socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from sidecar.admin.api import make_admin
from tests.admin.running import RULES, Running

_ResultT = TypeVar("_ResultT")
_SECONDS = 10.0


class Beside:
    """The sidecar, and how to reach into it from the test's thread."""

    def __init__(self, running: Running, socket: str, loop: asyncio.AbstractEventLoop) -> None:
        self.running = running
        self.socket = socket
        self._loop = loop

    def do(self, what: Callable[[Running], _ResultT]) -> _ResultT:
        """Have the sidecar's own thread do something."""

        async def doing() -> _ResultT:
            return what(self.running)

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result(_SECONDS)


@contextmanager
def sidecar_beside(text: str = RULES) -> Iterator[Beside]:
    """One that lives as long as the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin(folder: Path) -> tuple[Running, web.AppRunner]:
        running = Running(folder, text)
        runner = web.AppRunner(make_admin(running.inside, running.steering), shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "admin.sock")).start()
        return running, runner

    with tempfile.TemporaryDirectory(prefix="sidecar-") as name:
        beginning = asyncio.run_coroutine_threadsafe(begin(Path(name)), loop)
        running, runner = beginning.result(_SECONDS)
        try:
            yield Beside(running, f"{name}/admin.sock", loop)
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_SECONDS)
            running.audit.close(1.0)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_SECONDS)
            loop.close()
