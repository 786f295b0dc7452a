"""``sidecar provision grafana`` from the command line, on a Grafana that is pretended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import niquests.exceptions as n
import pytest

from sidecar.provision.grafana.access import Access
from tests.commands.invoking import invoked
from tests.provision.grafana.pretended import PretendedGrafana
from tests.provision.grafana.scripted import TOKEN, Answer

_URL = ("--url", "http://grafana:3000")
_PROMETHEUS = ("--prometheus", "http://prom:9090")


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> PretendedGrafana:
    """A Grafana that every URL leads to, with a token for it in the environment."""
    it = PretendedGrafana()
    monkeypatch.setattr("sidecar.provision.grafana.server.Server", it.scripted.server)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for name in ("GRAFANA_URL", "SIDECAR_GRAFANA_URL", "SIDECAR_GRAFANA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    return it


def _provision(*arguments: str) -> tuple[int, str]:
    status, said = invoked("provision", "grafana", *arguments)
    assert "canary" not in said
    return status, said


def test_the_first_time_creates_the_second_does_nothing(pretended: PretendedGrafana) -> None:
    status, said = _provision(*_URL, *_PROMETHEUS)
    assert status == 0
    assert "at http://grafana:3000\n" in said
    assert "  + data source sidecar-prometheus\n" in said

    writes = len(pretended.writes)
    status, said = _provision(*_URL, *_PROMETHEUS)
    assert (status, said.splitlines()[-1]) == (0, f"{writes} unchanged")
    assert len(pretended.writes) == writes


def test_a_dry_run_shows_what_would_change(pretended: PretendedGrafana) -> None:
    _provision(*_URL, *_PROMETHEUS)
    writes = [*pretended.writes]
    status, said = _provision(*_URL, "--prometheus", "http://other", "--dry-run")

    assert status == 0
    assert "      url: http://prom:9090 → http://other\n" in said
    assert said.endswith("; nothing was changed\n")
    assert pretended.writes == writes


def test_secrets_go_to_grafana_and_nowhere_else(
    pretended: PretendedGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_USER", "reader")
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_PASSWORD", "canary-of-prometheus")

    _provision(*_URL, *_PROMETHEUS, "--dry-run")
    _provision(*_URL, *_PROMETHEUS, "--json")
    _, said = _provision(*_URL, *_PROMETHEUS, "--renew-secrets")

    assert "secret basicAuthPassword: one → the one given" in said
    secrets = pretended.state.secrets["sidecar-prometheus"]
    assert secrets == {"basicAuthPassword": "canary-of-prometheus"}


def test_a_no_fails_and_everything_else_is_done(pretended: PretendedGrafana) -> None:
    echo = f"who is {TOKEN}?"
    pretended.refuses = {("POST", "/datasources"): Answer(403, {"message": echo})}

    status, said = _provision(*_URL, *_PROMETHEUS)

    assert status == 1
    assert "  ! data source sidecar-prometheus: 403 who is ********?\n" in said
    assert "  + folder sidecar\n" in said


def test_steps_as_json(pretended: PretendedGrafana) -> None:
    steps = json.loads(_provision(*_URL, "--json")[1])

    assert steps[0] == {
        "what": "created",
        "about": "folder sidecar",
        "words": "",
        "changed": [["title", "", "Sidecar"]],
    }
    assert pretended.writes


@pytest.mark.parametrize(
    "arguments, login",
    [
        (("--token-file", "secret"), ("canary-of-a-file", "")),
        (("--user", "admin", "--password-file", "secret"), ("canary-of-a-file", "admin")),
    ],
)
def test_secrets_of_files(
    pretended: PretendedGrafana,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    login: tuple[str, str],
) -> None:
    reached: list[Access] = []

    def server(access: Access) -> Any:
        reached.append(access)
        return pretended.server()

    monkeypatch.setattr("sidecar.provision.grafana.server.Server", server)
    (tmp_path / "secret").write_text(f"{login[0]}\n")
    monkeypatch.chdir(tmp_path)

    assert _provision(*_URL, *arguments)[0] == 0

    [access] = reached
    given = access.token or access.password
    assert given is not None
    assert (given.reveal(), access.user) == login


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "say where it is: --url"),
        (("--url", "grafana:3000"), "'grafana:3000' is not a URL"),
        (("--url", "http://admin:canary@grafana"), "a URL is no place for a user"),
        ((*_URL, "--prometheus", "prom"), "'prom' is not a URL"),
        ((*_URL, "--scrape-interval", "5"), "'5' is not a duration"),
        ((*_URL, "--token-file", "/no/such"), "/no/such cannot be read"),
        ((*_URL, "--token-file", "/x", "--user", "u"), "not both"),
        ((*_URL, "--user", "admin"), "say who asks"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    pretended: PretendedGrafana, arguments: tuple[str, ...], sentence: str
) -> None:
    status, said = _provision(*arguments)

    assert status == 2
    assert sentence in said
    assert pretended.scripted.asked == []


def test_without_a_login_nothing_is_asked(
    pretended: PretendedGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_TOKEN")

    status, said = _provision(*_URL)

    assert (status, pretended.scripted.asked) == (2, [])
    assert "GRAFANA_TOKEN in the environment" in said


def test_authorities_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    status, said = _provision("--url", "https://grafana", "--ca", "/no/such.pem")

    assert (status, "/no/such.pem cannot be read" in said) == (2, True)


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (n.ConnectionError("refused"), "http://grafana:3000: refused"),
        (Answer(401, {"message": "Unauthorized"}), "401 Unauthorized; is the token"),
    ],
)
def test_out_of_reach_fails(
    pretended: PretendedGrafana, answer: Answer | Exception, sentence: str
) -> None:
    pretended.refuses = {("GET", "/"): answer}

    status, said = _provision(*_URL)

    assert status == 1
    assert sentence in said


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "order.rules.yaml"
    path.write_text(
        "format: sidecar/v1\nservice: order\nlisteners:\n  inbound: {bind: 127.0.0.1:8080}\n"
        "upstreams:\n  app: {url: http://127.0.0.1:9000}\n"
        "slo:\n  - {name: availability, good: {status_below: 500}, target: 99.9%, over: 30d}\n"
    )
    return str(path)


_TOLD = ("--page-to", "https://hooks.example/canary", "--ticket-to", "mailto:team@shop.example")


def test_alerts_of_rule_files_and_who_is_told(pretended: PretendedGrafana, rules: str) -> None:
    status, said = _provision(rules, *_URL, *_PROMETHEUS, *_TOLD, "--profile", "demo")

    assert status == 0
    assert "  + alert group sidecar order slo\n" in said
    assert "  + notification policy\n" in said
    [rule, *_] = pretended.state.rules.values()
    assert rule["labels"]["managed_by"] == "sidecar"
    assert rule["annotations"]["runbook_url"].startswith("docs/runbook.md#")
    assert {one["uid"] for one in pretended.state.contact_points} == {
        "", "sidecar-page", "sidecar-ticket",
    }  # fmt: skip
    assert _provision(rules, *_URL, *_PROMETHEUS, *_TOLD, "--profile", "demo")[1].endswith(
        " unchanged\n"
    )


def test_all_is_removed_again(pretended: PretendedGrafana, rules: str) -> None:
    _provision(rules, *_URL, *_PROMETHEUS, *_TOLD)

    status, said = _provision(*_URL, "--remove")

    assert status == 0
    assert said.splitlines()[-1].endswith(" deleted")
    assert pretended.state.folders == {}


def test_an_address_that_grafana_repeats_is_hidden(pretended: PretendedGrafana) -> None:
    echo = Answer(400, {"message": "invalid: https://hooks.example/canary"})
    pretended.refuses = {("POST", "/v1/provisioning/contact-points"): echo}

    status, said = _provision(*_URL, *_TOLD)

    assert status == 1
    assert "400 invalid: ********" in said


def test_files_need_no_grafana_and_are_checked(
    pretended: PretendedGrafana, tmp_path: Path, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_TOKEN")
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_USER", "reader")
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_PASSWORD", "canary-of-prometheus")
    folder = tmp_path / "grafana"
    asked = (rules, *_PROMETHEUS, *_TOLD, "--files", str(folder))

    assert _provision(*asked, "--check")[0] == 1
    assert not folder.exists()
    status, said = _provision(*asked)
    assert status == 0
    assert "  + file datasources/sidecar.yaml\n" in said
    assert _provision(*asked, "--check")[0] == 0
    source = folder / "datasources" / "sidecar.yaml"
    assert "canary" not in source.read_text()
    assert "$SIDECAR_GRAFANA_PROMETHEUS_PASSWORD" in source.read_text()

    source.write_text("stale")
    status, said = _provision(*asked, "--check")
    assert status == 1
    assert "  ! file datasources/sidecar.yaml: not as it would be\n" in said
    assert source.read_text() == "stale"
    assert pretended.scripted.asked == []


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--check",), "--check is about files"),
        (("--remove", "--files", "x"), "needs neither rules nor --files"),
        (("--profile", "other"), "'other' is no profile: production or demo"),
        (("--ticket-to", "mailto:a@b.example"), "say with --page-to who is woken"),
        (("--page-to", "canary"), "--page-to: it is neither a webhook nor a mail address"),
        (("--page-to", "@/no/such"), "/no/such cannot be read"),
        (("--page-to", "mailto:a@b.example", "--office-hours", "x"), "names no day of the week"),
    ],
)
def test_more_that_makes_no_sense(
    pretended: PretendedGrafana, arguments: tuple[str, ...], sentence: str
) -> None:
    status, said = _provision(*_URL, *arguments)

    assert (status, pretended.scripted.asked) == (2, [])
    assert sentence in said


def test_a_rule_file_with_errors_changes_nothing(
    pretended: PretendedGrafana, tmp_path: Path, rules: str
) -> None:
    bad = tmp_path / "bad.rules.yaml"
    bad.write_text("format: sidecar/v1\nservice: order\n")

    status, said = _provision(rules, str(bad), *_URL)

    assert (status, pretended.scripted.asked) == (2, [])
    assert "bad.rules.yaml" in said


def test_the_same_alerts_twice_cannot_be(pretended: PretendedGrafana, rules: str) -> None:
    status, said = _provision(rules, rules, *_URL)

    assert (status, pretended.scripted.asked) == (2, [])
    assert "is there twice" in said
