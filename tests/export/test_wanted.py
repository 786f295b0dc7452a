from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.export.settings import (
    ElasticsearchSettings,
    ExportSettings,
    FilesSettings,
    OtlpSettings,
    SpoolSettings,
)
from sidecar.export.wanted import export_settings, metrics_every
from sidecar.model.secret import SecretSpec, SecretText
from sidecar.ruleset.schema import RuleFile

BASE = Path("/etc/order")
SPOOL = Path("/run/order/spool")
SECRETS = {SecretSpec(env="KEY"): SecretText("revealed"), SecretSpec(file="token"): SecretText("t")}


def secret(named: SecretSpec | SecretText) -> SecretText:
    return named if isinstance(named, SecretText) else SECRETS[named]


def rule_file(**telemetry: Any) -> RuleFile:
    return RuleFile.model_validate({
        "format": "sidecar/v1",
        "service": "order",
        "listeners": {"inbound": {"bind": "127.0.0.1:8080", "to": "app"}},
        "upstreams": {"app": {"url": "http://127.0.0.1:9000"}},
        "telemetry": telemetry,
    })  # fmt: skip


def settings(**telemetry: Any) -> ExportSettings:
    return export_settings(rule_file(**telemetry), secret, BASE, SPOOL, {})


def test_nobody_is_told_anything_unless_asked() -> None:
    assert settings() == ExportSettings()
    assert settings().backends == ()
    assert metrics_every(rule_file()) == {}


def test_elasticsearch_with_all_there_is() -> None:
    found = settings(
        elasticsearch={
            "url": ["https://a.example:9200", "https://b.example:9200"],
            "api_key": {"env": "KEY"},
            "ca": "ca.pem",
            "namespace": "blue",
            "spool": {"folder": "spool", "memory": "1MiB", "disk": "2MiB"},
        }
    )
    assert found.elasticsearch == ElasticsearchSettings(
        urls=("https://a.example:9200", "https://b.example:9200"),
        spool=SpoolSettings("/etc/order/spool", 2**20, 2**21),
        api_key="revealed",
        ca="/etc/order/ca.pem",
        namespace="blue",
    )


def test_a_spool_is_in_the_state_directory_unless_said_otherwise() -> None:
    asked = {"url": "https://a.example:9200", "verify": False}
    found = settings(elasticsearch=asked).elasticsearch
    assert found is not None
    assert found.spool.folder == "/run/order/spool"
    assert not found.verify
    assert (found.api_key, found.password, found.ca) == ("", "", "")


def test_otlp_with_a_token() -> None:
    found = settings(
        otlp={
            "endpoint": "http://otel.example:4317",
            "protocol": "grpc",
            "headers": {"authorization": {"file": "token"}},
        }
    )
    assert found.otlp == OtlpSettings("http://otel.example:4317", "grpc", {"authorization": "t"})


def test_otlp_left_to_the_standard_variables() -> None:
    assert settings(otlp={}).otlp == OtlpSettings("", "", {}, "")


@pytest.mark.parametrize(
    "word,is_off", [("true", True), (" TRUE ", True), ("false", False), ("1", False), ("", False)]
)
def test_opentelemetry_switched_off_by_its_variable(word: str, *, is_off: bool) -> None:
    file = rule_file(otlp={"endpoint": "http://a:1"}, files={"folder": "told"})
    found = export_settings(file, secret, BASE, SPOOL, {"OTEL_SDK_DISABLED": word})
    assert found.backends == (("files",) if is_off else ("otlp", "files"))


@pytest.mark.parametrize("folder,whole", [("told", "/etc/order/told"), ("/told", "/told")])
def test_files_beside_the_rule_file(folder: str, whole: str) -> None:
    found = settings(files={"folder": folder, "at_most": "1MiB"})
    assert found.files == FilesSettings(whole, 2**20)


def test_what_is_told_of_requests_and_how_often_of_numbers() -> None:
    telemetry = {
        "logs": {"access": "10%", "decisions": "none"},
        "files": {"folder": "/told", "metrics_every": "1m"},
        "otlp": {"endpoint": "http://otel.example:4318"},
    }
    found = settings(**telemetry)
    assert (found.access, found.decisions) == (0.1, False)
    assert metrics_every(rule_file(**telemetry)) == {"otlp": 10.0, "files": 60.0}


@pytest.mark.parametrize("logs,shipped", [({}, 1.0), ({"shipped": "1%"}, 0.01)])
def test_backends_get_as_many_lines_as_the_file_unless_said(
    logs: dict[str, str], shipped: float
) -> None:
    assert settings(logs=logs, files={"folder": "/told"}).access == shipped
