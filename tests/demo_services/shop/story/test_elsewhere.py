from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from demo_services.shop.story.elsewhere import API_KEY, PASSWORD, USER, Elsewhere, Unusable
from demo_services.shop.story.layout import SERVICES, lay_out
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from sidecar.ruleset.check import check

EVERYTHING = Elsewhere(
    elasticsearch="https://es.example:9200",
    ca="/etc/ca.pem",
    prometheus="http://127.0.0.1:9090",
    otlp="http://127.0.0.1:4318",
    grafana="http://127.0.0.1:3000",
)


def _told(elsewhere: Elsewhere, variables: dict[str, str], section: str) -> Any:
    return elsewhere.sections(variables)[section]


def test_nowhere_is_named_nothing_and_written_nowhere() -> None:
    assert Elsewhere().named == {}
    assert Elsewhere().sections({API_KEY: "k"}) == {}
    Elsewhere().look_for({})


def test_what_is_named() -> None:
    assert list(EVERYTHING.named) == ["elasticsearch", "prometheus", "otlp", "grafana"]


@pytest.mark.parametrize(
    "variables,written",
    [
        ({}, {}),
        ({API_KEY: "secret"}, {"api_key": {"env": API_KEY}}),
        ({USER: "ann", PASSWORD: "secret"}, {"username": "ann", "password": {"env": PASSWORD}}),
        ({API_KEY: "secret", USER: "ann"}, {"api_key": {"env": API_KEY}}),
    ],
)
def test_credentials_are_named_never_written(
    variables: dict[str, str], written: dict[str, Any]
) -> None:
    told = _told(EVERYTHING, variables, "elasticsearch")
    names = {"api_key", "username", "password"}
    assert {name: value for name, value in told.items() if name in names} == written
    assert "secret" not in str(told)


@pytest.mark.parametrize(
    "url,variables,protocol",
    [
        ("http://collector:4318", {}, "http/protobuf"),
        ("http://collector:4317", {}, "grpc"),
        ("http://collector:9", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
    ],
)
def test_how_otlp_is_spoken(url: str, variables: dict[str, str], protocol: str) -> None:
    told = _told(Elsewhere(otlp=url), variables, "otlp")
    assert (told["endpoint"], told["protocol"]) == (url, protocol)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("variables", [{}, {API_KEY: "k"}, {USER: "ann", PASSWORD: "p"}])
def test_the_rule_files_with_all_of_it_are_right(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    variables: dict[str, str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # Only where a file that is named is there a file is right.
    elsewhere = Elsewhere(elasticsearch="http://es.example:9200", otlp=EVERYTHING.otlp)
    sections = elsewhere.sections(variables)
    files = RuleFiles(COMMITTED, tmp_path, lay_out(count(20000)), sections)
    checked = check(files.path(service).read_bytes(), "copy")
    assert checked.file is not None
    assert checked.diagnostics == ()
    told = checked.file.telemetry
    assert told.files is not None
    assert told.files.folder == str(files.documents / service)
    assert told.elasticsearch is not None
    assert told.elasticsearch.namespace == "shop"
    assert told.otlp is not None
    assert told.traces.sample == 0.01


@pytest.mark.parametrize("url", ["es.example:9200", "ftp://es.example", "http://", "9200"])
@pytest.mark.parametrize("name", ["elasticsearch", "prometheus", "otlp", "grafana"])
def test_what_is_no_address_is_said(name: str, url: str) -> None:
    with pytest.raises(Unusable, match=f"^--{name} {url}: write http://HOST:PORT$"):
        Elsewhere(**{name: url}).look_for({})
