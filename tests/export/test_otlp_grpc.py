from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from sidecar.export.item import Signal
from sidecar.export.otlp_answer import Answer
from sidecar.export.otlp_grpc import GrpcSender, system_authorities
from sidecar.export.otlp_target import target_of
from sidecar.export.settings import OtlpSettings


class Failure(grpc.RpcError):  # type: ignore[misc] # grpc has no types
    """What a call raises."""

    def __init__(self, code: grpc.StatusCode, details: bytes | None = None) -> None:
        super().__init__()
        self._code = code
        self._metadata = [("other", "x")]
        if details is not None:
            self._metadata.append(("grpc-status-details-bin", details))  # type: ignore[arg-type] # as grpc has it

    def code(self) -> Any:
        return self._code

    def details(self) -> str | None:
        return "said" if len(self._metadata) > 1 else None

    def trailing_metadata(self) -> Any:
        return self._metadata


class Channel:
    """Stands for a connection."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.method = ""
        self.asked: dict[str, Any] = {}
        self.is_closed = False

    def unary_unary(self, method: str) -> Any:
        self.method = method
        return self.call

    def call(self, data: bytes, **asked: Any) -> bytes:
        self.asked = {"data": data, **asked}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.is_closed = True


def settings(endpoint: str = "http://c:1", **more: Any) -> OtlpSettings:
    return OtlpSettings(endpoint, "grpc", **more)


def sender_to(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, signal: Signal = Signal.TRACES
) -> tuple[GrpcSender, list[Any]]:
    opened: list[Any] = []

    def insecure_channel(*arguments: Any) -> Channel:
        opened.append(arguments)
        return channel

    monkeypatch.setattr(grpc, "insecure_channel", insecure_channel)
    target = target_of(signal, settings(headers={"Key": "secret"}), {})
    return GrpcSender(signal, target), opened


@pytest.mark.parametrize(
    "signal,service",
    [
        (Signal.TRACES, "trace.v1.TraceService"),
        (Signal.LOGS, "logs.v1.LogsService"),
        (Signal.METRICS, "metrics.v1.MetricsService"),
    ],
)
def test_a_call_as_the_specification_has_it(
    signal: Signal, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Channel(b"")
    sender, opened = sender_to(channel, monkeypatch, signal)
    assert sender.send(b"data") == Answer()
    assert sender.send(b"more") == Answer()
    assert channel.method == f"/opentelemetry.proto.collector.{service}/Export"
    assert channel.asked == {"data": b"more", "timeout": 10.0, "metadata": (("key", "secret"),)}
    [(place, _, compression)] = opened
    assert (place, compression) == ("c:1", grpc.Compression.Gzip)


def test_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = any_pb2.Any()
    packed.Pack(RetryInfo(retry_delay=duration_pb2.Duration(seconds=7)))
    details = Status(details=[packed]).SerializeToString()
    channel = Channel(Failure(grpc.StatusCode.UNAVAILABLE, details))
    sender, _ = sender_to(channel, monkeypatch)
    answer = sender.send(b"")
    assert answer == Answer(again=True, retry_after=7.0, error="UNAVAILABLE said")
    assert not channel.is_closed


def test_after_silence_there_is_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel(Failure(grpc.StatusCode.UNAVAILABLE))
    sender, opened = sender_to(channel, monkeypatch)
    assert sender.send(b"").silent
    assert channel.is_closed
    channel.answer = b""
    assert sender.send(b"") == Answer()
    assert len(opened) == 2


def test_files_that_are_not_there(tmp_path: Path) -> None:
    target = target_of(Signal.LOGS, settings("https://c:1", ca=str(tmp_path / "ca.pem")), {})
    answer = GrpcSender(Signal.LOGS, target).send(b"")
    assert (answer.again, answer.silent) == (True, True)
    assert "ca.pem" in answer.error


def test_the_authorities_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(cafile: Path | None, capath: Path | None) -> None:
        paths = SimpleNamespace(cafile=cafile, capath=capath)
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)

    one, folder = tmp_path / "one.pem", tmp_path / "certs"
    one.write_bytes(b"one")
    believe(None, None)
    assert system_authorities() is None
    believe(None, folder)
    assert system_authorities() is None
    folder.mkdir()
    (folder / "ca-certificates.crt").write_bytes(b"all")
    assert system_authorities() == b"all"
    believe(one, folder)
    assert system_authorities() == b"one"


def test_closed_before_it_was_open_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel(b"")
    sender, _ = sender_to(channel, monkeypatch)
    sender.close()
    sender.send(b"")
    sender.close()
    assert channel.is_closed
