"""OTLP over gRPC, the receiving end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from tests.integration.certificates import Certificate
from tests.servers.otlp_messages import KINDS, Answer, Hang, Received, Refuse, Signal, response_to

_THREADS = 8

#: How the specification of OTLP pairs what HTTP says with gRPC's codes.
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.UNIMPLEMENTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


class GrpcFront:
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
        self._server: Any = None

    def open(self) -> None:
        """Listen, on the same port as the time before."""
        if self._server is not None:
            return
        # Without the option another server could listen on the port, too, and nobody would notice.
        server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
        for signal in KINDS:
            server.add_generic_rpc_handlers((self._handler(signal),))
        address = f"127.0.0.1:{self.port}"
        if self._certificate is None:
            self.port = server.add_insecure_port(address)
        else:
            pair = (self._certificate.key.read_bytes(), self._certificate.cert.read_bytes())
            self.port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        server.start()
        self._server = server

    def close(self) -> None:
        """Cut every connection and listen no more."""
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None

    def _handler(self, signal: Signal) -> Any:
        def export(message: Any, context: Any) -> bytes:
            return self._export(signal, message, context)

        kind = KINDS[signal]
        method = grpc.unary_unary_rpc_method_handler(
            export, request_deserializer=kind.request.FromString
        )
        return grpc.method_handlers_generic_handler(kind.service, {"Export": method})

    def _export(self, signal: Signal, message: Any, context: Any) -> bytes:
        fields = {key: str(value) for key, value in context.invocation_metadata()}
        let_go = self.let_go
        answer = self.take(Received(signal, "grpc", fields, message.ByteSize(), message))
        match answer:
            case Hang():
                let_go.wait()
                context.abort(grpc.StatusCode.CANCELLED, "let go")
            case Refuse():
                _refuse(answer, context)
            case _:
                return response_to(signal, answer)
        return b""


def _refuse(answer: Refuse, context: Any) -> None:
    code = _CODES[answer.status]
    said = f"refused: {answer.status}"
    if answer.retry_after_seconds is not None:
        context.set_trailing_metadata([("grpc-status-details-bin", _details(code, said, answer))])
    context.abort(code, said)


def _details(code: grpc.StatusCode, said: str, answer: Refuse) -> bytes:
    packed = any_pb2.Any()
    delay = duration_pb2.Duration(seconds=answer.retry_after_seconds)
    packed.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    status = status_pb2.Status(code=code.value[0], message=said, details=[packed])
    return bytes(status.SerializeToString())
