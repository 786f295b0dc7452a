"""A real sidecar beside a collector: what arrives over HTTP and over gRPC, and when it does not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.export.outlets import make_outlets
from sidecar.export.pipeline import Outlet
from sidecar.export.settings import ExportSettings, OtlpSettings
from sidecar.telemetry.signals import LogRecord, Resource
from tests.integration.certificates import Authority
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Connection
from tests.integration.rule_text import rules
from tests.servers.nginx import Nginx
from tests.servers.otlp_messages import PartialSuccess, Refuse, Transport, attributes
from tests.servers.otlp_receiver import OtlpReceiver, run_otlp_receiver
from tests.servers.ports import wait_until
from tests.servers.sidecar import SidecarProcess, SidecarStarter

SENT = "sidecar_telemetry_sent_total"
DROPPED = "sidecar_telemetry_dropped_total"
UP = "sidecar_telemetry_exporter_up"
SERVER, CLIENT = 2, 3

both_transports = pytest.mark.parametrize("transport", ["http", "grpc"])


def telling(nginx: Nginx, receiver: OtlpReceiver, transport: Transport, **more: Any) -> str:
    """A sidecar that keeps every trace."""
    over_grpc = transport == "grpc"
    otlp = {
        "endpoint": receiver.grpc_url if over_grpc else receiver.http_url,
        "protocol": "grpc" if over_grpc else "http/protobuf",
        "metrics_every": "1s",
        **more,
    }
    told = {"logs": {"file": "none"}, "traces": {"sample": "100%"}, "otlp": otlp}
    return rules(nginx.address, telemetry=told)


async def ask(sidecar: SidecarProcess, count: int, path: str = "/small") -> None:
    """So many requests, all of which are answered."""
    async with await Connection.open(sidecar.address) as connection:
        for _ in range(count):
            assert (await connection.ask(path)).status == 200


async def arrived(receiver: OtlpReceiver, count: int) -> list[Any]:
    """The server's spans, once there are so many."""
    await eventually(lambda: len(served(receiver)) >= count, f"{count} spans of the server")
    return served(receiver)


def served(receiver: OtlpReceiver) -> list[Any]:
    return [span for span in receiver.spans() if span.kind == SERVER]


def accesses(receiver: OtlpReceiver) -> list[Any]:
    """The access records."""
    return [one for one in receiver.log_records() if one.event_name == "sidecar.request"]


def counted(receiver: OtlpReceiver) -> int:
    """How many requests the latest histogram has."""
    found = [one for one in receiver.metrics() if one.name == "http.server.request.duration"]
    return sum(point.count for point in found[-1].histogram.data_points) if found else 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secured(authority: Authority) -> Iterator[OtlpReceiver]:
    """A collector that speaks TLS."""
    with run_otlp_receiver(authority.issue("collector")) as receiver:
        yield receiver


@both_transports
async def test_what_arrives_is_what_was_done(
    transport: Transport,
    secured: OtlpReceiver,
    authority: Authority,
    sidecar_process: SidecarStarter,
    nginx: Nginx,
) -> None:
    text = telling(
        nginx, secured, transport, ca=str(authority.ca), headers={"Api-Key": {"env": "API_KEY"}}
    )
    # Where it is set, it is of others.
    environment = {
        "API_KEY": "very secret",
        "REQUESTS_CA_BUNDLE": "/nowhere.pem",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    sidecar = sidecar_process(text, environment=environment)
    await ask(sidecar, 20)
    spans = await arrived(secured, 20)
    await eventually(lambda: counted(secured) == 20, "a histogram with all of them", 40.0)
    await eventually(lambda: len(accesses(secured)) >= 20, "their access records")
    assert {request.transport for request in secured.received} == {transport}
    assert {request.fields["api-key"] for request in secured.received} == {"very secret"}
    assert "very secret" not in sidecar.log
    tries = {span.parent_span_id: span for span in secured.spans() if span.kind == CLIENT}
    for span in spans:
        told = attributes(span.attributes)
        assert (span.name, told["http.response.status_code"]) == ("GET other", 200)
        assert told["url.path"] == "/small"
        assert span.start_time_unix_nano < span.end_time_unix_nano
        assert tries.pop(span.span_id).trace_id == span.trace_id
    assert not tries
    assert {one.span_id for one in accesses(secured)} == {span.span_id for span in spans}
    for signal in ("traces", "logs", "metrics"):
        for resource in secured.by_resource(signal):
            speaker = attributes(resource.resource.attributes)
            assert speaker["service.name"] == "test"
            assert speaker["deployment.environment.name"] == "test"
    assert sidecar.stop() == 0
    assert len(served(secured)) == len(accesses(secured)) == 20


async def test_the_standard_variables_say_where_to(
    otlp_receiver: OtlpReceiver, sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    told = {"logs": {"file": "none"}, "traces": {"sample": "100%"}, "otlp": {}}
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_receiver.http_url,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": otlp_receiver.grpc_url,
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": "tenant=a%20b",
        "OTEL_METRICS_EXPORTER": "none",
    }
    sidecar = sidecar_process(rules(nginx.address, telemetry=told), environment=environment)
    await ask(sidecar, 3)
    await arrived(otlp_receiver, 3)
    assert sidecar.stop() == 0
    assert len(accesses(otlp_receiver)) == 3
    came = {(one.signal, one.transport) for one in otlp_receiver.received}
    assert came == {("traces", "grpc"), ("logs", "http")}
    assert {one.fields["tenant"] for one in otlp_receiver.received} == {"a b"}


async def test_what_was_told_while_it_was_down_arrives_once_and_in_the_end(
    otlp_receiver: OtlpReceiver, sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(telling(nginx, otlp_receiver, "grpc", metrics_every="1h"))
    await ask(sidecar, 5)
    await arrived(otlp_receiver, 5)
    otlp_receiver.down()
    await ask(sidecar, 20)
    await eventually(lambda: metric(sidecar, UP, exporter="otlp") == 0, "down")
    await ask(sidecar, 20)
    otlp_receiver.up()
    spans = await arrived(otlp_receiver, 45)
    assert set(Counter(span.span_id for span in spans).values()) == {1}
    sent = {"exporter": "otlp", "signal": "traces"}
    await eventually(lambda: metric(sidecar, SENT, **sent) == 90, "counted")
    await eventually(lambda: metric(sidecar, UP, exporter="otlp") == 1, "up again")
    await eventually(lambda: len(accesses(otlp_receiver)) >= 45, "their access records")
    assert (
        len({one.span_id for one in accesses(otlp_receiver)}) == len(accesses(otlp_receiver)) == 45
    )
    assert metric(sidecar, DROPPED, exporter="otlp") == 0
    # What is wrong is told by metrics, not by what a library writes.
    assert "chttp2" not in sidecar.log


async def test_what_a_collector_will_not_have_is_counted(
    otlp_receiver: OtlpReceiver, sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    otlp_receiver.answer(PartialSuccess(2))
    sidecar = sidecar_process(telling(nginx, otlp_receiver, "http", metrics_every="1h"))
    await ask(sidecar, 10)

    def shown(name: str, signal: str, **labels: str) -> float:
        return metric(sidecar, name, exporter="otlp", signal=signal, **labels)

    def all_is_known() -> bool:
        return shown(SENT, "traces") + shown(DROPPED, "traces", reason="rejected") == 20

    await eventually(all_is_known, "all spans counted")
    requests = [one for one in otlp_receiver.received if one.signal == "traces"]
    assert shown(DROPPED, "traces") == 2 * len(requests)
    # Nothing was sent again.
    assert len({span.span_id for span in otlp_receiver.spans()}) == len(otlp_receiver.spans()) == 20


def outlet_to(receiver: OtlpReceiver, transport: Transport, memory_bytes: int) -> Outlet:
    """The way of items without a sidecar in front of it."""
    over_grpc = transport == "grpc"
    endpoint = receiver.grpc_url if over_grpc else receiver.http_url
    protocol = "grpc" if over_grpc else "http/protobuf"
    settings = OtlpSettings(endpoint, protocol, memory_bytes=memory_bytes)
    (outlet,) = make_outlets(Resource({}), ExportSettings(otlp=settings), {})
    return outlet


def offer(outlet: Outlet, count: int) -> None:
    for number in range(count):
        log = LogRecord(number, number, "INFO", str(number), "." * 100, {})
        outlet.offer(outlet.encoding.logs([log]))


@both_transports
def test_it_is_left_alone_for_as_long_as_it_asks(
    transport: Transport, otlp_receiver: OtlpReceiver
) -> None:
    outlet = outlet_to(otlp_receiver, transport, 1_000_000)
    otlp_receiver.answer(Refuse(429, retry_after_seconds=1), times=1)
    offer(outlet, 10)
    outlet.shipper.hurry()
    outlet.shipper.start()
    wait_until(lambda: bool(otlp_receiver.refused), "a refusal", 20)
    since = time.monotonic()
    otlp_receiver.wait_for("logs", 10)
    assert time.monotonic() - since > 0.9
    outlet.shipper.end(time.monotonic() + 20)
    report = outlet.shipper.report()
    assert (report.sent, report.dropped) == ({"logs": 10}, {})
    assert (report.requests_failed, report.requests_ok) == (1, 1)


@both_transports
def test_beyond_what_memory_holds_the_oldest_are_lost_and_counted(
    transport: Transport, otlp_receiver: OtlpReceiver
) -> None:
    outlet = outlet_to(otlp_receiver, transport, 50_000)
    otlp_receiver.down()
    outlet.shipper.start()
    offer(outlet, 1000)
    otlp_receiver.up()
    outlet.shipper.hurry()
    outlet.shipper.end(time.monotonic() + 20)
    report = outlet.shipper.report()
    names = [int(log.event_name) for log in otlp_receiver.log_records()]
    lost = report.dropped["logs"]["queue_full"]
    assert names[-1] == 999
    assert len(names) == len({*names}) == report.sent["logs"] == 1000 - lost
    assert 0 < len(names) < 1000
