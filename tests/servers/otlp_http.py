"""OTLP over HTTP, the receiving end."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from google.protobuf.message import DecodeError

from tests.integration.certificates import Certificate
from tests.servers.otlp_messages import KINDS, Answer, Hang, Received, Refuse, Signal, response_to

_PROTOBUF = "application/x-protobuf"
_SIGNALS: dict[str, Signal] = {f"/v1/{signal}": signal for signal in KINDS}


class HttpFront:
    """Listens while it is open; hands each request to ``take`` and answers what that says."""

    def __init__(
        self,
        take: Callable[[Received], Answer],
        let_go: threading.Event,
        certificate: Certificate | None,
    ) -> None:
        self.take = take
        self.let_go = let_go
        self.port = 0
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.cert, certificate.key)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Listen, on the same port as the time before."""
        if self._server is not None:
            return
        self._server = _Server(self.port, self, self._tls)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    def close(self) -> None:
        """Cut every connection and listen no more; returns when no thread is left."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.cut()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None


class _Server(http.server.ThreadingHTTPServer):
    # So that closing waits for the threads.
    daemon_threads = False

    def __init__(self, port: int, front: HttpFront, tls: ssl.SSLContext | None) -> None:
        self.front = front
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

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
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silence: a client that goes away is what tests make."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        signal = _SIGNALS.get(self.path)
        if signal is None:
            self._respond(HTTPStatus.NOT_FOUND, b"")
        elif self.headers["content-type"] != _PROTOBUF:
            self._respond(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, b"")
        else:
            self._export(signal, body)

    def _export(self, signal: Signal, body: bytes) -> None:
        try:
            decoded = gzip.decompress(body) if self._is_gzip() else body
            message: Any = KINDS[signal].request.FromString(decoded)
        except (OSError, EOFError, DecodeError) as error:
            self._respond(HTTPStatus.BAD_REQUEST, str(error).encode())
            return
        fields = {name.lower(): value for name, value in self.headers.items()}
        let_go = self.server.front.let_go
        answer = self.server.front.take(Received(signal, "http", fields, len(body), message))
        match answer:
            case Hang():
                let_go.wait()
                self.close_connection = True
            case Refuse():
                self._respond(answer.status, b"", answer.retry_after_seconds)
            case _:
                self._respond(HTTPStatus.OK, response_to(signal, answer))

    def _is_gzip(self) -> bool:
        return bool(self.headers.get("content-encoding") == "gzip")

    def _respond(self, status: int, body: bytes, retry_after_seconds: int | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", _PROTOBUF)
        self.send_header("content-length", str(len(body)))
        if retry_after_seconds is not None:
            self.send_header("retry-after", str(retry_after_seconds))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silence."""
