"""A receiver of webhooks that keeps what it is sent: where alerts arrive that concern somebody."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.threaded import ThreadedServer, serving

State = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: when it came (seconds since 1970), to which path, with which body."""

    at: float
    path: str
    fields: dict[str, str]
    body: dict[str, Any]

    @property
    def alerts(self) -> list[Notified]:
        """The alerts in it, as Alertmanager and Grafana both write them."""
        receiver = self.body.get("receiver", "")
        return [
            Notified(
                self.at,
                self.path,
                receiver,
                alert["status"],
                alert["labels"],
                alert["annotations"],
            )
            for alert in self.body.get("alerts", ())
        ]


@dataclass(frozen=True, slots=True)
class Notified:
    """One alert of a delivery."""

    at: float
    path: str
    receiver: str
    status: State
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]


class Webhook:
    """Listens on a port of its own. Every path is received; the path tells receivers apart."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        #: The status of the answers from now on; what is refused is not kept.
        self.status = HTTPStatus.OK
        self.refused = 0
        self._deliveries: list[Delivery] = []
        self._changed = threading.Condition()

    @property
    def deliveries(self) -> list[Delivery]:
        """What came so far, the oldest first."""
        with self._changed:
            return list(self._deliveries)

    def alerts(self, status: State | None = None, **labels: str) -> list[Notified]:
        """The alerts that came so far in that state and with these labels among theirs."""
        return [
            alert
            for delivery in self.deliveries
            for alert in delivery.alerts
            if status in {None, alert.status} and labels.items() <= alert.labels.items()
        ]

    def wait_for_alert(
        self, status: State, timeout_seconds: float = PATIENCE_SECONDS, **labels: str
    ) -> Notified:
        """The first alert in that state with these labels; raises ``TimeoutError`` after a time."""
        what = f"an alert {status} with {labels}"
        self.wait_for(lambda: bool(self.alerts(status, **labels)), what, timeout_seconds)
        return self.alerts(status, **labels)[0]

    def wait_for(
        self,
        condition: Callable[[], bool],
        what: str,
        timeout_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Return once ``condition``, looked at after each delivery, holds.

        Raises ``TimeoutError`` that says what came instead.
        """
        # The lock is not held while looking: the condition asks for what came.
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            with self._changed:
                self._changed.wait(timeout=min(0.2, timeout_seconds))
            if time.monotonic() > deadline and not condition():
                came = [(alert.status, alert.labels) for alert in self.alerts()]
                msg = f"after {timeout_seconds:g} s still not: {what}; there came {came}"
                raise TimeoutError(msg)

    def forget(self) -> None:
        """Start again with nothing."""
        with self._changed:
            self._deliveries.clear()

    def take(self, path: str, fields: dict[str, str], body: dict[str, Any]) -> HTTPStatus:
        """Keep one request, and say how to answer it."""
        with self._changed:
            if self.status >= HTTPStatus.BAD_REQUEST:
                self.refused += 1
            else:
                self._deliveries.append(Delivery(time.time(), path, fields, body))
            self._changed.notify_all()
            return self.status


class _Server(ThreadedServer):
    def __init__(self) -> None:
        super().__init__(_Handler)
        self.webhook = Webhook(self.server_port)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        fields = {name.lower(): value for name, value in self.headers.items()}
        try:
            status = self.server.webhook.take(
                self.path, fields, json.loads(self.rfile.read(length))
            )
        except ValueError:
            status = HTTPStatus.BAD_REQUEST
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silence."""


@contextlib.contextmanager
def run_webhook() -> Iterator[Webhook]:
    """Receive meanwhile, on a free port."""
    server = _Server()
    with serving(server):
        yield server.webhook
