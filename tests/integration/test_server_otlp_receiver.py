"""The collector that other tests send to: what it takes, and how it fails when it is told to."""

from __future__ import annotations

import contextlib
import gzip
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc
from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.trace.v1 import trace_pb2 as trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from tests.integration.certificates import Authority
from tests.servers.otlp_messages import (
    GARBAGE,
    KINDS,
    Accept,
    Garbage,
    Hang,
    PartialSuccess,
    Refuse,
    Signal,
    attributes,
)
from tests.servers.otlp_receiver import OtlpReceiver, run_otlp_receiver
from tests.servers.ports import is_listening

EXPORT = f"/{KINDS['traces'].service}/Export"


def _request(*names: str) -> Any:
    spans = [trace.Span(name=name) for name in names]
    scope = trace.ScopeSpans(spans=spans)
    return trace_service.ExportTraceServiceRequest(
        resource_spans=[trace.ResourceSpans(scope_spans=[scope])]
    )


def _post(
    receiver: OtlpReceiver, body: bytes, path: str = "/v1/traces", **fields: str
) -> tuple[int, dict[str, str], bytes]:
    address = receiver.http_url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        sent = {"content-type": "application/x-protobuf", **fields}
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


@pytest.fixture
def channel(otlp_receiver: OtlpReceiver) -> Iterator[Any]:
    with grpc.insecure_channel(otlp_receiver.grpc_url.removeprefix("http://")) as channel:
        yield channel


def _call(channel: Any, message: Any, seconds: float = 10, **options: Any) -> Any:
    stub = channel.unary_unary(
        EXPORT,
        request_serializer=trace_service.ExportTraceServiceRequest.SerializeToString,
        response_deserializer=trace_service.ExportTraceServiceResponse.FromString,
    )
    return stub(message, timeout=seconds, **options)


class TestHttp:
    def test_decoded_and_kept(self, otlp_receiver: OtlpReceiver) -> None:
        body = _request("one", "two").SerializeToString()
        status, fields, answered = _post(otlp_receiver, body, Authorization="Bearer x")
        assert (status, fields["content-type"], answered) == (200, "application/x-protobuf", b"")
        assert [span.name for span in otlp_receiver.spans()] == ["one", "two"]
        [received] = otlp_receiver.received
        assert (received.signal, received.transport) == ("traces", "http")
        assert received.fields["authorization"] == "Bearer x"
        assert received.body_bytes == len(body)

    def test_gzip(self, otlp_receiver: OtlpReceiver) -> None:
        packed = gzip.compress(_request("one").SerializeToString())
        assert _post(otlp_receiver, packed, Content_Encoding="gzip")[0] == 400
        assert _post(otlp_receiver, packed, **{"content-encoding": "gzip"})[0] == 200
        assert len(otlp_receiver.spans()) == 1

    def test_what_is_no_export_request(self, otlp_receiver: OtlpReceiver) -> None:
        assert _post(otlp_receiver, b"\xff\xff")[0] == 400
        assert _post(otlp_receiver, b"", path="/v1/traces/")[0] == 404
        assert _post(otlp_receiver, b"{}", **{"content-type": "application/json"})[0] == 415
        assert otlp_receiver.received == []

    def test_refused_for_a_while(self, otlp_receiver: OtlpReceiver) -> None:
        otlp_receiver.answer(Refuse(429, retry_after_seconds=7), times=1)
        status, fields, _ = _post(otlp_receiver, b"")
        assert (status, fields["retry-after"]) == (429, "7")
        assert _post(otlp_receiver, b"")[0] == 200
        assert (len(otlp_receiver.refused), len(otlp_receiver.received)) == (1, 1)

    def test_partial_success(self, otlp_receiver: OtlpReceiver) -> None:
        otlp_receiver.answer(PartialSuccess(3, "too old"))
        answered = _post(otlp_receiver, b"")[2]
        partial = trace_service.ExportTraceServiceResponse.FromString(answered).partial_success
        assert (partial.rejected_spans, partial.error_message) == (3, "too old")

    def test_garbage(self, otlp_receiver: OtlpReceiver) -> None:
        otlp_receiver.answer(Garbage())
        assert _post(otlp_receiver, b"")[2] == GARBAGE

    def test_hanging_until_it_is_let_go(self, otlp_receiver: OtlpReceiver) -> None:
        otlp_receiver.answer(Hang())
        address = otlp_receiver.http_url.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(address, timeout=0.2)) as connection:
            connection.request("POST", "/v1/logs", b"", {"content-type": "application/x-protobuf"})
            with pytest.raises(TimeoutError):
                connection.getresponse()
        otlp_receiver.answer(Accept())
        assert _post(otlp_receiver, b"")[0] == 200
        assert [hung.signal for hung in otlp_receiver.refused] == ["logs"]

    def test_down_it_cuts_connections_and_comes_back_where_it_was(
        self, otlp_receiver: OtlpReceiver
    ) -> None:
        address = otlp_receiver.http_url.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
            fields = {"content-type": "application/x-protobuf"}
            connection.request("POST", "/v1/metrics", b"", fields)
            connection.getresponse().read()
            otlp_receiver.down()
            assert not is_listening(address)
            assert connection.sock is not None
            assert connection.sock.recv(1) == b""
        otlp_receiver.up()
        assert _post(otlp_receiver, b"")[0] == 200


class TestGrpc:
    def test_decoded_and_kept(self, otlp_receiver: OtlpReceiver, channel: Any) -> None:
        options = {"metadata": [("x-key", "7")], "compression": grpc.Compression.Gzip}
        _call(channel, _request("one"), **options)
        assert [span.name for span in otlp_receiver.spans()] == ["one"]
        [received] = otlp_receiver.received
        assert (received.transport, received.fields["x-key"]) == ("grpc", "7")

    def test_refused_with_a_delay(self, otlp_receiver: OtlpReceiver, channel: Any) -> None:
        otlp_receiver.answer(Refuse(429, retry_after_seconds=7))
        with pytest.raises(grpc.RpcError) as caught:
            _call(channel, _request("one"))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
        [packed] = status_pb2.Status.FromString(details).details
        retry = error_details_pb2.RetryInfo()
        assert packed.Unpack(retry)
        assert retry.retry_delay.seconds == 7
        assert otlp_receiver.spans() == []

    def test_partial_success(self, otlp_receiver: OtlpReceiver, channel: Any) -> None:
        otlp_receiver.answer(PartialSuccess(3, "too old"))
        partial = _call(channel, _request("one")).partial_success
        assert (partial.rejected_spans, partial.error_message) == (3, "too old")

    @pytest.mark.parametrize(
        "answer,code",
        [
            (Refuse(), grpc.StatusCode.UNAVAILABLE),
            (Garbage(), grpc.StatusCode.INTERNAL),
            (Hang(), grpc.StatusCode.DEADLINE_EXCEEDED),
        ],
    )
    def test_failing(
        self,
        otlp_receiver: OtlpReceiver,
        channel: Any,
        answer: Refuse | Garbage | Hang,
        code: grpc.StatusCode,
    ) -> None:
        otlp_receiver.answer(answer)
        with pytest.raises(grpc.RpcError) as caught:
            _call(channel, _request("one"), seconds=0.5)
        assert caught.value.code() is code

    def test_down_and_up_again(self, otlp_receiver: OtlpReceiver, channel: Any) -> None:
        _call(channel, _request("one"))
        otlp_receiver.down()
        with pytest.raises(grpc.RpcError) as caught:
            _call(channel, _request("lost"))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        otlp_receiver.up()
        _call(channel, _request("two"), wait_for_ready=True)
        assert [span.name for span in otlp_receiver.spans()] == ["one", "two"]


def _official(receiver: OtlpReceiver, signal_path: str, ca: Path | None) -> SpanExporter:
    if signal_path:
        return over_http.OTLPSpanExporter(
            receiver.http_url + signal_path, certificate_file=str(ca) if ca else None
        )
    credentials = grpc.ssl_channel_credentials(ca.read_bytes()) if ca else None
    return over_grpc.OTLPSpanExporter(receiver.grpc_url, credentials=credentials)


@pytest.mark.parametrize("signal_path", ["/v1/traces", ""], ids=["http", "grpc"])
@pytest.mark.parametrize("secure", [False, True])
def test_what_the_official_exporters_send_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal_path: str, *, secure: bool
) -> None:
    # Where these are set, the HTTP exporter does not look at the authority that it is given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    authority = Authority(tmp_path)
    certificate = authority.issue("collector") if secure else None
    with run_otlp_receiver(certificate) as receiver:
        provider = TracerProvider(resource=Resource({"service.name": "orders"}))
        exporter = _official(receiver, signal_path, authority.ca if secure else None)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("test").start_as_current_span("sale") as span:
            span.set_attribute("items", [1, 2])
        provider.shutdown()
        [sent] = receiver.wait_for("traces")
        [resource] = receiver.by_resource("traces")
    assert sent.name == "sale"
    assert attributes(sent.attributes) == {"items": [1, 2]}
    assert attributes(resource.resource.attributes)["service.name"] == "orders"


def test_every_signal_has_its_items(otlp_receiver: OtlpReceiver) -> None:
    names: dict[Signal, tuple[str, str, str]] = {
        "traces": ("resource_spans", "scope_spans", "spans"),
        "metrics": ("resource_metrics", "scope_metrics", "metrics"),
        "logs": ("resource_logs", "scope_logs", "log_records"),
    }
    for signal, (outer, scoped, inner) in names.items():
        message = KINDS[signal].request()
        getattr(getattr(getattr(message, outer).add(), scoped).add(), inner).add()
        body = message.SerializeToString()
        assert _post(otlp_receiver, body, path=f"/v1/{signal}")[0] == 200
    found = (otlp_receiver.spans(), otlp_receiver.metrics(), otlp_receiver.log_records())
    assert [len(items) for items in found] == [1, 1, 1]
    otlp_receiver.forget()
    assert otlp_receiver.items("logs") == []


def test_attributes_as_plain_values() -> None:
    inner = KeyValueList(values=[KeyValue(key="k", value=AnyValue(double_value=0.5))])
    items = ArrayValue(values=[AnyValue(bool_value=True), AnyValue(string_value="x")])
    pairs = [
        KeyValue(key="list", value=AnyValue(array_value=items)),
        KeyValue(key="map", value=AnyValue(kvlist_value=inner)),
        KeyValue(key="nothing", value=AnyValue()),
        KeyValue(key="number", value=AnyValue(int_value=7)),
    ]
    plain = {"list": [True, "x"], "map": {"k": 0.5}, "nothing": None, "number": 7}
    assert attributes(pairs) == plain
