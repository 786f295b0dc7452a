"""A gate in front of Elasticsearch that answers in its place, in part or whole, as a test wants.

What toxiproxy does to bytes this does to answers: too busy, a part refused, rubbish, cut short.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.servers.ports import Address

_SECONDS = 30.0

#: One document of a bulk request: what to do with it, and itself.
Pair = tuple[bytes, bytes]


class Said(NamedTuple):
    """An answer. ``declared`` is the length that it claims to have; None for its own."""

    status: int
    body: bytes
    content_type: str = "application/json"
    fields: tuple[tuple[str, str], ...] = (("x-elastic-product", "Elasticsearch"),)
    declared: int | None = None


#: Asks Elasticsearch about these documents, and says what it has answered of each.
Forward = Callable[[list[Pair]], list[dict[str, Any]]]
#: Decides about a bulk request.
Ruling = Callable[[list[Pair], Forward], Said]


def answered(items: list[dict[str, Any]]) -> Said:
    """The answer of a bulk request with these results."""
    failed = any(item["create"]["status"] >= 300 for item in items)
    return Said(200, json.dumps({"took": 1, "errors": failed, "items": items}).encode())


def failure(status: int, kind: str, reason: str) -> dict[str, Any]:
    """The result of one document that was not taken."""
    return {"create": {"status": status, "error": {"type": kind, "reason": reason}}}


class BulkGate:
    """Forwards everything; bulk requests to ``ruling`` while there is one."""

    def __init__(self, upstream: Address) -> None:
        self.ruling: Ruling | None = None
        #: How many bulk requests the ruling had to decide about, and what it has answered.
        self.statuses: Counter[int] = Counter()
        self.upstream = upstream
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"

    def serve(self) -> None:
        """Answer until ``close``, in threads."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, method: str, target: str, fields: dict[str, str], body: bytes) -> Said:
        """What Elasticsearch answers."""
        connection = http.client.HTTPConnection(self.upstream, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, target, body, fields)
            answer = connection.getresponse()
            product = answer.getheader("x-elastic-product") or ""
            kind = answer.getheader("content-type") or "application/json"
            return Said(answer.status, answer.read(), kind, (("x-elastic-product", product),))

    def decide(self, target: str, body: bytes, ruling: Ruling) -> Said:
        """Let the ruling answer a bulk request."""
        lines = gzip.decompress(body).splitlines(keepends=True)
        pairs = list(zip(lines[::2], lines[1::2], strict=True))

        def forward(some: list[Pair]) -> list[dict[str, Any]]:
            if not some:
                return []
            plain = b"".join(line for pair in some for line in pair)
            kind = {"content-type": "application/x-ndjson"}
            answer = json.loads(self.pass_on("POST", target, kind, plain).body)
            items: list[dict[str, Any]] = answer["items"]
            return items

        said = ruling(pairs, forward)
        self.statuses[said.status] += 1
        return said


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    gate: BulkGate

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are gone are none of its business."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        ruling = gate.ruling
        if ruling is not None and self.path.startswith("/_bulk"):
            said = gate.decide(self.path, body, ruling)
        else:
            names = ("content-type", "content-encoding", "accept")
            fields = {name: self.headers[name] for name in names if name in self.headers}
            said = gate.pass_on(self.command, self.path, fields, body)
        self._say(said)

    def _say(self, said: Said) -> None:
        self.send_response(said.status)
        for name, value in said.fields:
            self.send_header(name, value)
        self.send_header("content-type", said.content_type)
        length = len(said.body) if said.declared is None else said.declared
        self.send_header("content-length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)
        self.close_connection = self.close_connection or said.declared is not None

    do_GET = do_HEAD = do_PUT = do_POST = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Nothing."""


@contextlib.contextmanager
def run_bulk_gate(upstream: Address) -> Iterator[BulkGate]:
    """A gate in front of the cluster at ``upstream``, for as long as the block runs."""
    gate = BulkGate(upstream)
    gate.serve()
    try:
        yield gate
    finally:
        gate.close()
