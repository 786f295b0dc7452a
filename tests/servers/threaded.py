"""An HTTP server in threads of the test's own process, for stand-ins of services."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from tests.integration.certificates import Certificate

_POLL_SECONDS = 0.05


class ThreadedServer(http.server.ThreadingHTTPServer):
    """Serves each connection in a thread, over TLS when it is given a certificate.

    It chooses a free port unless it is told one. Closing cuts the connections that are left.
    """

    # So that closing waits for the threads.
    daemon_threads = False

    def __init__(
        self,
        handler: type[http.server.BaseHTTPRequestHandler],
        certificate: Certificate | None = None,
        port: int = 0,
    ) -> None:
        self._open: set[socket.socket] = set()
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.cert, certificate.key)
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            # The handshake is the connection's own thread's business.
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
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

    def serve_until_closed(self) -> threading.Thread:
        """Serve in a thread."""
        thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}
        )
        thread.start()
        return thread

    def close_with(self, thread: threading.Thread) -> None:
        """Serve no more; afterwards no connection and no thread is left."""
        self.shutdown()
        self.cut()
        self.server_close()
        thread.join()


@contextlib.contextmanager
def serving(server: ThreadedServer) -> Iterator[None]:
    """Serve meanwhile; afterwards no connection and no thread is left."""
    thread = server.serve_until_closed()
    try:
        yield
    finally:
        server.close_with(thread)
