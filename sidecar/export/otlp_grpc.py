"""OTLP over gRPC: one signal's requests to its address."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import grpc

import sidecar
from sidecar.export.item import Signal
from sidecar.export.otlp_answer import (
    UNSENDABLE,
    Answer,
    answer_of_code,
    delay_of_details,
    no_answer,
    read_response,
)
from sidecar.export.otlp_target import OtlpTarget

_METHODS: Final = {
    Signal.TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    Signal.LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    Signal.METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
_DETAILS: Final = "grpc-status-details-bin"
_OPTIONS: Final = (
    ("grpc.primary_user_agent", f"sidecar/{sidecar.__version__}"),
    # When to try again is decided by whoever calls, and counted there.
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # As over HTTP: a proxy that is meant for others is not asked.
    ("grpc.enable_http_proxy", 0),
)
#: Where systems have their authorities in one file, below the folder that OpenSSL knows.
_IN_ONE_FILE: Final = ("ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem")


class GrpcSender:
    """Not to be called by two threads at a time."""

    def __init__(self, signal: Signal, target: OtlpTarget) -> None:
        self._signal = signal
        self._target = target
        self._metadata = tuple(target.headers.items())
        self._channel: Any = None
        self._call: Callable[..., bytes] | None = None

    def send(self, data: bytes) -> Answer:
        """Send a request, and read what became of it."""
        try:
            call = self._call or self._open()
            response = call(data, timeout=self._target.seconds, metadata=self._metadata)
        except grpc.RpcError as wrong:
            answer = _answer_of(wrong)
            if answer.silent:
                # gRPC would wait for longer and longer by itself. With the next channel
                # certificates are read again, too.
                self.close()
            return answer
        except OSError as wrong:
            return no_answer(f"{type(wrong).__name__}: {wrong}")
        except ValueError:
            return UNSENDABLE
        return read_response(self._signal, response)

    def close(self) -> None:
        """Let go of the connection."""
        channel, self._channel, self._call = self._channel, None, None
        if channel is not None:
            channel.close()

    def _open(self) -> Callable[..., bytes]:
        """A channel whose requests and responses are bytes. Raises ``OSError``."""
        target = self._target
        kind = grpc.Compression.Gzip if target.gzip else grpc.Compression.NoCompression
        if target.insecure:
            self._channel = grpc.insecure_channel(target.place, _OPTIONS, kind)
        else:
            self._channel = grpc.secure_channel(target.place, _credentials(target), _OPTIONS, kind)
        call: Callable[..., bytes] = self._channel.unary_unary(_METHODS[self._signal])
        self._call = call
        return call


def _credentials(target: OtlpTarget) -> Any:
    return grpc.ssl_channel_credentials(
        Path(target.ca).read_bytes() if target.ca else system_authorities(),
        Path(target.key).read_bytes() if target.key else None,
        Path(target.certificate).read_bytes() if target.certificate else None,
    )


def system_authorities() -> bytes | None:
    """Whom the system believes, PEM; None where that is in no file: then gRPC has a list."""
    paths = ssl.get_default_verify_paths()
    found = [Path(paths.cafile)] if paths.cafile else []
    found += [Path(paths.capath) / name for name in _IN_ONE_FILE] if paths.capath else []
    return next((file.read_bytes() for file in found if file.is_file()), None)


def _answer_of(error: Any) -> Answer:
    metadata = error.trailing_metadata() or ()
    details = next((value for key, value in metadata if key == _DETAILS), b"")
    return answer_of_code(error.code().name, error.details() or "", delay_of_details(details))
