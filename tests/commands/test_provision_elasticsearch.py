"""``sidecar provision elasticsearch`` from the command line, on a cluster that is pretended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import ConnectionError as NotConnectedError
from elasticsearch import Elasticsearch

from tests.commands.invoking import invoked
from tests.elastic.scripted_node import Scripted, error
from tests.provision.elasticsearch.pretended import PretendedCluster

_URL = ("--url", "http://es-1:9200")


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> PretendedCluster:
    """A cluster that every URL leads to; ``asked_as`` says how it was reached."""
    it = PretendedCluster()
    _lead(monkeypatch, it)
    return it


def _lead(monkeypatch: pytest.MonkeyPatch, to: PretendedCluster | Scripted) -> list[Any]:
    reached: list[Any] = []

    def connect(urls: tuple[str, ...], **options: Any) -> Elasticsearch:
        reached.append((urls, options))
        return to.client()

    monkeypatch.setattr("sidecar.elastic.connect.connect", connect)
    return reached


def _provision(*arguments: str) -> tuple[int, str]:
    return invoked("provision", "elasticsearch", *arguments)


def test_the_first_time_creates_the_second_does_nothing(pretended: PretendedCluster) -> None:
    status, said = _provision(*_URL)
    assert status == 0
    assert "Elasticsearch 9.9.9 at http://es-1:9200" in said
    assert "  + index template sidecar-traces\n" in said
    assert said.endswith("9 created\n")

    assert _provision(*_URL)[1].endswith("9 unchanged\n")
    assert len(pretended.changes) == 9


def test_a_dry_run_shows_what_would_change(pretended: PretendedCluster) -> None:
    _provision(*_URL)
    status, said = _provision(*_URL, "--logs", "36h", "--dry-run")

    assert status == 0
    assert "      template.lifecycle.data_retention: 7d → 36h\n" in said
    assert said.endswith("1 to change, 8 unchanged; nothing was changed\n")
    assert len(pretended.changes) == 9


def test_retention_is_said_for_all_and_for_each(pretended: PretendedCluster) -> None:
    _provision(*_URL, "--retention", "24h", "--metrics", "90m", "--namespace", "shop")

    kept = {
        name: body["template"]["lifecycle"]["data_retention"]
        for name, body in pretended.templates["_component_template"].items()
        if name.endswith("@lifecycle")
    }
    assert kept == {
        "sidecar-traces-shop@lifecycle": "1d",
        "sidecar-logs-shop@lifecycle": "1d",
        "sidecar-metrics-shop@lifecycle": "90m",
    }


def test_a_no_fails_and_everything_else_is_done(pretended: PretendedCluster) -> None:
    forbidden = error(403, "security_exception", "unauthorized")
    pretended.refuses = {("PUT", "/_index_template/sidecar-logs"): forbidden}

    status, said = _provision(*_URL)

    assert status == 1
    assert "  ! index template sidecar-logs: 403 security_exception: unauthorized\n" in said
    assert said.endswith("8 created, 1 refused\n")


def test_steps_as_json(pretended: PretendedCluster) -> None:
    pretended.lacks = {"version"}
    steps = json.loads(_provision(*_URL, "--json")[1])

    assert steps[0]["what"] == "note"
    assert [step["what"] for step in steps[1:]] == ["created"] * 9


def test_a_rule_file_says_where_it_is_and_options_what_is_different(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reached = _lead(monkeypatch, PretendedCluster())
    monkeypatch.setenv("ES_KEY", "a2V5")
    rules = tmp_path / "order.rules.yaml"
    rules.write_text(
        "format: sidecar/v1\nservice: order\nlisteners:\n  inbound: {bind: 127.0.0.1:8080}\n"
        "upstreams:\n  app: {url: http://127.0.0.1:9000}\ntelemetry:\n"
        "  elasticsearch: {url: 'https://es/x/', api_key: {env: ES_KEY}, ca: ca.pem}\n"
    )

    assert _provision(str(rules))[0] == 0
    assert _provision(str(rules), "--user", "admin", "--password", "word")[0] == 0
    assert _provision(str(rules), *_URL, "--ca", "/other.pem")[0] == 0

    own = {"api_key": "a2V5", "user": None, "ca": str(tmp_path / "ca.pem"), "verify": True}
    assert reached == [
        (("https://es/x",), own),
        (("https://es/x",), own | {"api_key": "", "user": ("admin", "word")}),
        (("http://es-1:9200",), own | {"ca": "/other.pem"}),
    ]


def test_rules_without_elasticsearch_or_with_errors(
    pretended: PretendedCluster, tmp_path: Path
) -> None:
    rules = tmp_path / "order.rules.yaml"
    rules.write_text("format: sidecar/v1\nservice: order\n")
    assert _provision(str(rules))[0] == 2
    status, said = _provision(str(Path(__file__).parents[1] / "rules" / "hello.rules.yaml"))
    assert status == 2
    assert "telemetry.elasticsearch" in said or "cannot be read" in said
    assert pretended.changes == []


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "say where it is: a rule file, or --url"),
        (("--url", "es:9200"), "'es:9200' is not a URL"),
        ((*_URL, "--namespace", "A-b"), "'A-b' is no namespace"),
        ((*_URL, "--retention", "7"), "'7' is not a duration"),
        ((*_URL, "--logs", "90ms"), "90ms is not kept to the second"),
        ((*_URL, "--api-key", "k", "--user", "u"), "not both"),
        (("--url", "https://es", "--ca", "/no/such.pem"), "/no/such.pem"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...], sentence: str) -> None:
    status, said = _provision(*arguments)

    assert status == 2
    assert sentence in said


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (NotConnectedError("Connection refused"), "http://es-1:9200: Connection refused"),
        (error(401, "security_exception", "unable to authenticate"), "401 security_exception"),
    ],
)
def test_out_of_reach_fails(monkeypatch: pytest.MonkeyPatch, answer: Any, sentence: str) -> None:
    _lead(monkeypatch, Scripted(lambda _asked: answer))

    status, said = _provision(*_URL)

    assert status == 1
    assert sentence in said
