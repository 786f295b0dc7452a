"""OTLP over HTTP, the receiving end."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from google.protobuf.message import DecodeError

from tests.integration.certificates import Certificate
from tests.servers.otlp_messages import KINDS, Answer, Hang, Received, Refuse, Signal, response_to
from tests.servers.threaded import ThreadedServer

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
        self._certificate = certificate
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Listen, on the same port as the time before."""
        if self._server is not None:
            return
        self._server = _Server(self.port, self, self._certificate)
        self.port = self._server.server_port
        self._thread = self._server.serve_until_closed()

    def close(self) -> None:
        """Cut every connection and listen no more; returns when no thread is left."""
        if self._server is None or self._thread is None:
            return
        self._server.close_with(self._thread)
        self._server = self._thread = None


class _Server(ThreadedServer):
    def __init__(self, port: int, front: HttpFront, certificate: Certificate | None) -> None:
        self.front = front
        super().__init__(_Handler, certificate, port)


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
