from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.export.item import Signal
from sidecar.export.otlp_target import GRPC, HTTP, OtlpTarget, target_of, wanted_signals
from sidecar.export.settings import OtlpSettings

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def target(
    signal: Signal = Signal.TRACES, environ: Mapping[str, str] | None = None, **settings: Any
) -> OtlpTarget:
    return target_of(signal, OtlpSettings(**settings), environ or {})


class TestEndpoint:
    @pytest.mark.parametrize(
        "settings,environ,url",
        [
            ({}, {}, "http://localhost:4318/v1/traces"),
            ({"protocol": "grpc"}, {}, "http://localhost:4317"),
            ({}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://localhost:4317"),
            ({}, {ENDPOINT: " "}, "http://localhost:4318/v1/traces"),
            ({"endpoint": "http://c:4318"}, {}, "http://c:4318/v1/traces"),
            ({"endpoint": "http://c"}, {}, "http://c:4318/v1/traces"),
            ({"endpoint": "http://c", "protocol": "grpc"}, {}, "http://c:4317"),
            ({"endpoint": "https://c/otlp"}, {}, "https://c:443/otlp/v1/traces"),
            ({"endpoint": "http://[::1]"}, {}, "http://[::1]:4318/v1/traces"),
            ({"endpoint": "http://[::1]:9/x"}, {}, "http://[::1]:9/x/v1/traces"),
            ({}, {ENDPOINT: "http://c:4318"}, "http://c:4318/v1/traces"),
            ({}, {ENDPOINT: "http://c:4318/"}, "http://c:4318/v1/traces"),
            ({}, {ENDPOINT: "http://c/a/b/"}, "http://c/a/b/v1/traces"),
            ({}, {TRACES_ENDPOINT: "http://c:4318"}, "http://c:4318"),
            ({}, {TRACES_ENDPOINT: "http://t/", ENDPOINT: "http://c"}, "http://t/"),
            ({"endpoint": "http://r:1"}, {TRACES_ENDPOINT: "http://t/"}, "http://r:1/v1/traces"),
            ({}, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "x"}, "http://localhost:4318/v1/traces"),
            ({"protocol": "grpc"}, {ENDPOINT: "unix:/run/c"}, "unix:/run/c"),
            ({"protocol": "grpc"}, {ENDPOINT: "https://c:1"}, "https://c:1"),
        ],
    )
    def test_by_rule_file_and_variables(
        self, settings: dict[str, Any], environ: dict[str, str], url: str
    ) -> None:
        assert target(environ=environ, **settings).url == url

    @pytest.mark.parametrize("signal", Signal)
    def test_each_signal_has_its_path(self, signal: Signal) -> None:
        assert target(signal, endpoint="http://c:1").url == f"http://c:1/v1/{signal.value}"

    @pytest.mark.parametrize(
        "url,place",
        [
            ("http://c:1/v1/traces", "c:1"),
            ("https://[::1]:2", "[::1]:2"),
            ("unix:/run/c", "unix:/run/c"),
            ("dns:///c:3", "dns:///c:3"),
            ("c:4317", "c:4317"),
        ],
    )
    def test_the_place_is_the_server(self, url: str, place: str) -> None:
        assert target(environ={TRACES_ENDPOINT: url}, protocol="grpc").place == place


@pytest.mark.parametrize(
    "settings,environ,protocol",
    [
        ({}, {}, HTTP),
        ({}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, HTTP),
        ({}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, GRPC),
        ({}, {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc"}, HTTP),
        ({"protocol": "http/protobuf"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, HTTP),
    ],
)
def test_the_protocol(settings: dict[str, Any], environ: dict[str, str], protocol: str) -> None:
    assert target(environ=environ, **settings).protocol == protocol


def test_headers_of_the_rule_file_go_before_those_of_variables() -> None:
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b%2C, x = y=z ,,broken,=no"}
    settings = OtlpSettings(headers={"X": "ours"})
    found = target_of(Signal.LOGS, settings, environ)
    assert found.headers == {"api-key": "a b,", "x": "ours"}
    assert target_of(Signal.LOGS, OtlpSettings(), environ).headers["x"] == "y=z"


def test_headers_for_one_signal_stand_for_those_of_all() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "b=2",
    }
    assert target(Signal.METRICS, environ).headers == {"b": "2"}
    assert target(Signal.LOGS, environ).headers == {"a": "1"}


def test_no_secret_is_shown() -> None:
    found = target(environ={"OTEL_EXPORTER_OTLP_HEADERS": "key=secret"})
    assert "secret" not in repr(found)


def test_files_of_tls() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/all.pem",
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "/ca.pem",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/cert.pem",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/key.pem",
    }
    found = target(environ=environ)
    assert (found.ca, found.certificate, found.key) == ("/ca.pem", "/cert.pem", "/key.pem")
    assert target(environ=environ, ca="/ours.pem").ca == "/ours.pem"


@pytest.mark.parametrize(
    "endpoint,insecure,expected",
    [
        ("http://c:1", "", True),
        ("https://c:1", "true", False),
        ("c:1", "", False),
        ("c:1", "TRUE", True),
        ("c:1", "yes", False),
    ],
)
def test_whether_grpc_is_secured(endpoint: str, insecure: str, *, expected: bool) -> None:
    environ = {ENDPOINT: endpoint, "OTEL_EXPORTER_OTLP_INSECURE": insecure}
    assert target(environ=environ, protocol="grpc").insecure is expected


@pytest.mark.parametrize("word,is_packed", [("", True), ("gzip", True), ("none", False)])
def test_compression(word: str, *, is_packed: bool) -> None:
    assert target(environ={"OTEL_EXPORTER_OTLP_COMPRESSION": word}).gzip is is_packed


@pytest.mark.parametrize(
    "text,seconds",
    [
        ("", 10.0),
        ("2500", 2.5),
        ("100", 0.1),
        # Nobody means ten milliseconds: the SDK for Python takes seconds.
        ("10", 10.0),
        ("0.5", 0.5),
        ("0", 10.0),
        ("-1", 10.0),
        ("soon", 10.0),
        ("inf", 10.0),
        ("nan", 10.0),
    ],
)
def test_how_long_is_waited(text: str, seconds: float) -> None:
    assert target(environ={"OTEL_EXPORTER_OTLP_TIMEOUT": text}).seconds == seconds


def test_signals_can_be_switched_off_by_the_standard_variables() -> None:
    assert wanted_signals({}) == set(Signal)
    environ = {
        "OTEL_TRACES_EXPORTER": "console, otlp",
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_LOGS_EXPORTER": "None",
    }
    assert wanted_signals(environ) == {Signal.TRACES}
