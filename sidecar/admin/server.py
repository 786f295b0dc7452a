"""Serves an admin application on a socket that listens already, its own or one handed over."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any, Final, Self

from aiohttp import web

from sidecar.admin.visitors import KEPT_SECONDS, Visitors, quiet_logger

#: Who is still being answered when the sidecar stops may take this long.
_LAST_ANSWERS_SECONDS: Final = 1.0
#: From 3.13 on closing would delete the socket's file, which a successor may serve by now.
_KEEP_FILE: Final[dict[str, Any]] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}


class AdminServer:
    """One application on one socket; made by ``start``."""

    def __init__(self, runner: web.AppRunner, server: asyncio.AbstractServer) -> None:
        self._runner = runner
        self._server = server

    @classmethod
    async def start(
        cls, app: web.Application, sock: socket.socket, visitors: Visitors | None = None
    ) -> Self:
        """Serve ``app`` on ``sock``, which is listening: TCP or Unix."""
        visitors = visitors or Visitors()
        app.middlewares.insert(0, visitors.middleware())
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=quiet_logger(),
            keepalive_timeout=KEPT_SECONDS,
            shutdown_timeout=_LAST_ANSWERS_SECONDS,
        )
        await runner.setup()
        loop = asyncio.get_running_loop()
        if runner.server is None:
            raise RuntimeError("a runner that was set up has a server")
        factory = visitors.let_in(runner.server)
        if sock.family == socket.AF_UNIX:
            server = await loop.create_unix_server(factory, sock=sock, **_KEEP_FILE)
        else:
            server = await loop.create_server(factory, sock=sock)
        return cls(runner, server)

    async def close(self) -> None:
        """Take no more questions, finish the answers under way, and close the socket."""
        self._server.close()
        await self._runner.cleanup()
