"""What a person who is told of alerts gets: each one when it fires, and when it has ended."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from demo_services.pager.message import Alert, Message

_POLL_SECONDS: Final = 0.1
_BODY_AT_MOST: Final = 1 << 20
_WAITS_SECONDS: Final = 5.0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that somebody was told of, or of the end of which."""

    #: Seconds since 1970.
    at: float
    #: ``page`` or ``ticket``.
    to: str
    alert: Alert

    @property
    def fires(self) -> bool:
        """Whether it has begun, and not ended."""
        return self.alert.status == "firing"

    @property
    def name(self) -> str:
        """The kind of alert, as the runbook calls it."""
        return self.alert.labels.get("alertname", "?")

    @property
    def service(self) -> str:
        """Whose sidecar it is about."""
        return self.alert.labels.get("service", "?")

    @property
    def about(self) -> str:
        """What it is about: ``breakers/stock of storefront``."""
        labels = self.alert.labels
        part = labels.get("rule") or labels.get("slo") or labels.get("upstream")
        return f"{part} of {self.service}" if part else self.service

    @property
    def key(self) -> frozenset[tuple[str, str]]:
        """What tells it from every other alert."""
        return frozenset(self.alert.labels.items())

    @property
    def place(self) -> str:
        """File and line of what it is about, without folders; empty when it does not say."""
        return self.alert.annotations.get("source", "").rpartition("/")[2]

    def words(self) -> str:
        """One line of the story."""
        if not self.fires:
            return f"{self.to}: {self.name} of {self.about} has ended"
        why = self.alert.annotations.get("why", "")
        return f"{self.to}: {self.name} of {self.about} ({self.place}): {why}"


class Notices:
    """Takes webhooks at ``/page`` and ``/ticket`` meanwhile, in a thread of its own."""

    def __init__(self) -> None:
        self._all: list[Notice] = []
        self._lock = threading.Lock()

    @property
    def all(self) -> list[Notice]:
        """All that came so far, the oldest first."""
        with self._lock:
            return list(self._all)

    def take(self, path: str, body: bytes) -> None:
        """One webhook. Raises msgspec.MsgspecError for what is none."""
        told = msgspec.json.decode(body, type=Message)
        now = time.time()
        with self._lock:
            self._all += [
                Notice(at=now, to=path.rpartition("/")[2], alert=alert) for alert in told.alerts
            ]

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Take them meanwhile, at this URL on a free port. Raises OSError."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(notices: Notices) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        #: Whoever says nothing keeps nobody from ending.
        timeout = _WAITS_SECONDS

        def do_POST(self) -> None:
            """Part of its class: a webhook."""
            self.send_response(_taken(notices, self.path, self._body()))
            self.send_header("content-length", "0")
            self.end_headers()

        def _body(self) -> bytes:
            length = self.headers.get("content-length", "")
            known = length.isdigit() and int(length) <= _BODY_AT_MOST
            return self.rfile.read(int(length)) if known else b""

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its class's name
            """Part of its class: silence."""

    return Handler


def _taken(notices: Notices, path: str, body: bytes) -> HTTPStatus:
    try:
        notices.take(path, body)
    except msgspec.MsgspecError:
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.OK


def ended(notices: list[Notice]) -> Mapping[frozenset[tuple[str, str]], float]:
    """The alerts that have ended and not begun again, with the moments at which this was told."""
    found: dict[frozenset[tuple[str, str]], float] = {}
    for one in notices:
        if one.fires:
            found.pop(one.key, None)
        else:
            found[one.key] = one.at
    return found
