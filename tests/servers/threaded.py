"""An HTTP server in threads of the test's own process, for stand-ins of services."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

_POLL_SECONDS = 0.05


class ThreadedServer(http.server.ThreadingHTTPServer):
    """Serves each connection in a thread; when it closes, it cuts those that are left."""

    # So that closing waits for the threads.
    daemon_threads = False

    def __init__(self, handler: type[http.server.BaseHTTPRequestHandler], port: int = 0) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Cut every connection that is open."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silence: a client that goes away is what tests make."""


@contextlib.contextmanager
def serving(server: ThreadedServer) -> Iterator[None]:
    """Serve meanwhile; afterwards no connection and no thread is left."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.cut()
        server.server_close()
        thread.join()
