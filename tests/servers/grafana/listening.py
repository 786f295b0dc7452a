"""The stand-in for Grafana on a port."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import socket
import struct
import urllib.parse
from collections.abc import Iterator
from typing import Any

from tests.integration.certificates import Certificate
from tests.servers.grafana.exchange import Answer, Request
from tests.servers.grafana.failures import Failure, Hang, ProxyPage, Redirect, Reset, Status
from tests.servers.grafana.server import Grafana, new_grafana
from tests.servers.threaded import ThreadedServer, serving

_API = "/api"
_ASK_SECONDS = 10.0
#: Closing sends a reset instead of what is left to send.
_NO_LINGER = struct.pack("ii", 1, 0)


@contextlib.contextmanager
def run_grafana(prefix: str = "", certificate: Certificate | None = None) -> Iterator[Grafana]:
    """Listen meanwhile, on a free port; under a path like ``/grafana``, over TLS, or both."""
    server = _Server(new_grafana(), prefix, certificate)
    with serving(server):
        try:
            yield server.grafana
        finally:
            server.grafana.let_go.set()


def ask(
    grafana: Grafana, method: str, path: str, body: Any = None, **fields: str
) -> tuple[int, Any]:
    """Status and decoded body of a request with the token; ``fields`` are more of its header.

    ``path`` is what stands behind ``/api``. Not for one over TLS.
    """
    sent = None if body is None else json.dumps(body)
    header = {"authorization": f"Bearer {grafana.token}"}
    header |= {} if sent is None else {"content-type": "application/json"}
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    place = urllib.parse.urlsplit(grafana.url)
    with contextlib.closing(
        http.client.HTTPConnection(place.netloc, timeout=_ASK_SECONDS)
    ) as connection:
        connection.request(method, place.path + _API + path, sent, header)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


class _Server(ThreadedServer):
    def __init__(self, grafana: Grafana, prefix: str, certificate: Certificate | None) -> None:
        super().__init__(_Handler, certificate)
        self.grafana = grafana
        self.root = f"{prefix}{_API}"
        scheme = "http" if certificate is None else "https"
        grafana.url = f"{scheme}://127.0.0.1:{self.server_port}{prefix}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        request = self._request()
        grafana = self.server.grafana
        if request is None:
            self._send(404, "text/html", b"<html><title>Grafana</title></html>")
            return
        failure = grafana.failure_of(request)
        answer = None
        if failure is None or failure.applied:
            answer = grafana.answer(request)
        grafana.note(request, None if answer is None else answer.status)
        if failure is not None:
            self._fail(failure)
        elif answer is not None:
            self._respond(answer)

    do_GET = _serve  # noqa: N815 - the base's names, here and below
    do_POST = _serve  # noqa: N815
    do_PUT = _serve  # noqa: N815
    do_PATCH = _serve  # noqa: N815
    do_DELETE = _serve  # noqa: N815

    def _request(self) -> Request | None:
        """None for what is not below the API: Grafana shows its own page there."""
        text = self.rfile.read(int(self.headers.get("content-length", 0)))
        target = urllib.parse.urlsplit(self.path)
        if not target.path.startswith(f"{self.server.root}/"):
            return None
        fields = {name.lower(): value for name, value in self.headers.items()}
        return Request(
            self.command,
            target.path.removeprefix(self.server.root),
            urllib.parse.parse_qs(target.query, keep_blank_values=True),
            fields,
            _decoded(text),
        )

    def _fail(self, failure: Failure) -> None:
        match failure:
            case Status():
                self._respond(Answer(failure.status, {"message": failure.message}))
            case ProxyPage():
                self._send(failure.status, "text/html", failure.page.encode())
            case Redirect():
                self._send(failure.status, "text/html", b"", location=failure.location)
            case Hang():
                self.close_connection = True
                self.server.grafana.let_go.wait()
            case Reset():
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                # Not as the base closes it, which says good-bye first.
                os.close(self.connection.detach())

    def _respond(self, answer: Answer) -> None:
        if answer.body is None:
            self._send(answer.status, "application/json", b"")
        else:
            self._send(answer.status, "application/json", json.dumps(answer.body).encode())

    def _send(self, status: int, kind: str, body: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silence."""


def _decoded(text: bytes) -> Any:
    """The JSON in it; what is none is left as it is, and no schema allows that."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
