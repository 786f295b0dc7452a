"""A collector of OpenTelemetry for tests: it keeps what it is sent, and fails as it is told to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from tests.integration.certificates import Certificate
from tests.servers.otlp_grpc import GrpcFront
from tests.servers.otlp_http import HttpFront
from tests.servers.otlp_messages import Accept, Answer, Hang, PartialSuccess, Received, Signal
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.ports import wait_until

#: Where the items of a signal lie in its request: resources, scopes, items.
_PATHS: dict[Signal, tuple[str, str, str]] = {
    "traces": ("resource_spans", "scope_spans", "spans"),
    "metrics": ("resource_metrics", "scope_metrics", "metrics"),
    "logs": ("resource_logs", "scope_logs", "log_records"),
}


class OtlpReceiver:
    """Listens for OTLP over HTTP and over gRPC, on a port each.

    Everything may be read from any thread while it listens.
    """

    def __init__(self, certificate: Certificate | None = None) -> None:
        #: What was accepted, in order; partly rejected requests too.
        self.received: list[Received] = []
        #: What was refused, answered with garbage or left hanging.
        self.refused: list[Received] = []
        self._answer: Answer = Accept()
        self._answers_left: int | None = None
        self._lock = threading.Lock()
        self._let_go = threading.Event()
        self._http = HttpFront(self._take, self._let_go, certificate)
        self._grpc = GrpcFront(self._take, self._let_go, certificate)
        self._scheme = "https" if certificate else "http"
        self.up()

    @property
    def http_url(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` is for HTTP: signals are at ``/v1/SIGNAL``."""
        return f"{self._scheme}://127.0.0.1:{self._http.port}"

    @property
    def grpc_url(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` is for gRPC."""
        return f"{self._scheme}://127.0.0.1:{self._grpc.port}"

    # --- how it behaves

    def answer(self, answer: Answer, times: int | None = None) -> None:
        """Answer so from now on, or the next ``times`` requests and accept those after them."""
        with self._lock:
            self._answer, self._answers_left = answer, times
        if not isinstance(answer, Hang):
            self._release()

    def down(self) -> None:
        """Cut every connection and refuse new ones, until ``up``."""
        self._release()
        self._http.close()
        self._grpc.close()

    def up(self) -> None:
        """Listen, on the same ports as before."""
        self._http.open()
        self._grpc.open()

    def forget(self) -> None:
        """Forget what was received and refused."""
        with self._lock:
            self.received.clear()
            self.refused.clear()

    def _release(self) -> None:
        """Let the requests that hang go, without an answer."""
        self._let_go.set()
        self._let_go = self._http.let_go = self._grpc.let_go = threading.Event()

    def _take(self, received: Received) -> Answer:
        with self._lock:
            answer = self._answer
            if self._answers_left is not None:
                self._answers_left -= 1
                if self._answers_left <= 0:
                    self._answer, self._answers_left = Accept(), None
            taken = isinstance(answer, Accept | PartialSuccess)
            (self.received if taken else self.refused).append(received)
        return answer

    # --- what it was sent

    def spans(self) -> list[Any]:
        """Every span so far, as ``opentelemetry.proto.trace.v1.Span``."""
        return self.items("traces")

    def metrics(self) -> list[Any]:
        """Every metric of every export so far, the latest last, as ``…metrics.v1.Metric``."""
        return self.items("metrics")

    def log_records(self) -> list[Any]:
        """Every log record so far, as ``opentelemetry.proto.logs.v1.LogRecord``."""
        return self.items("logs")

    def items(self, signal: Signal) -> list[Any]:
        """The items of that signal, without their resource and scope."""
        _, scoped, inner = _PATHS[signal]
        return [
            item
            for resource in self.by_resource(signal)
            for scope in getattr(resource, scoped)
            for item in getattr(scope, inner)
        ]

    def by_resource(self, signal: Signal) -> list[Any]:
        """What was sent of that signal as it was: ``ResourceSpans`` and so on."""
        outer = _PATHS[signal][0]
        with self._lock:
            return [
                resource
                for request in self.received
                if request.signal == signal
                for resource in getattr(request.message, outer)
            ]

    def wait_for(
        self, signal: Signal, count: int = 1, timeout_seconds: float = PATIENCE_SECONDS
    ) -> list[Any]:
        """Return the items of that signal once there are so many; raise ``TimeoutError``."""
        what = f"{count} {signal} received"
        wait_until(lambda: len(self.items(signal)) >= count, what, timeout_seconds)
        return self.items(signal)


@contextlib.contextmanager
def run_otlp_receiver(certificate: Certificate | None = None) -> Iterator[OtlpReceiver]:
    """A receiver that listens until the block ends, over TLS when it has a certificate."""
    receiver = OtlpReceiver(certificate)
    try:
        yield receiver
    finally:
        receiver.down()
