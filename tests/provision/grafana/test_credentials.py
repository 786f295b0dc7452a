from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.credentials import Environment, Login, Unreadable, of_file


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text("from-a-file\n")
    return str(path)


def test_a_token_of_the_environment_ours_first() -> None:
    shared = {"GRAFANA_TOKEN": "theirs"}
    own = shared | {"SIDECAR_GRAFANA_TOKEN": "ours"}

    assert Environment(shared).login() == Login(SecretText("theirs"))
    assert Environment(own).login() == Login(SecretText("ours"))
    assert Environment({}).login() == Login()


def test_files_go_before_the_environment(secret: str) -> None:
    both = {"GRAFANA_TOKEN": "x", "GRAFANA_TOKEN_FILE": secret, "GRAFANA_PASSWORD": "y"}

    assert Environment({"GRAFANA_TOKEN": "x"}).login(token_file=secret) == Login(
        SecretText("from-a-file")
    )
    assert Environment(both).login() == Login(SecretText("from-a-file"))
    assert Environment(both).login(user="u", password_file=secret) == Login(
        user="u", password=SecretText("from-a-file")
    )


def test_a_user_goes_before_a_token() -> None:
    both = {"GRAFANA_TOKEN": "x", "GRAFANA_USER": "admin", "GRAFANA_PASSWORD": "word"}

    assert Environment(both).login() == Login(user="admin", password=SecretText("word"))
    assert Environment(both).login(user="other").user == "other"


@pytest.mark.parametrize(
    "variables, header",
    [
        ({"SIDECAR_GRAFANA_PROMETHEUS_TOKEN": "t"}, "Bearer t"),
        ({"SIDECAR_GRAFANA_PROMETHEUS_API_KEY": "k"}, "ApiKey k"),
    ],
)
def test_others_are_asked_with_a_header(variables: dict[str, str], header: str) -> None:
    place = Environment(variables).place("http://p", "PROMETHEUS")

    assert place.authorization == SecretText(header)
    assert (place.user, place.password) == ("", None)
    assert Environment(variables).place("http://e", "ELASTICSEARCH").authorization is None


def test_or_as_a_user_and_with_authorities(secret: str) -> None:
    variables = {
        "SIDECAR_GRAFANA_TRACES_USER": "reader",
        "SIDECAR_GRAFANA_TRACES_PASSWORD_FILE": secret,
        "SIDECAR_GRAFANA_TRACES_CA_FILE": secret,
    }
    place = Environment(variables).place("http://t", "TRACES")

    assert (place.user, place.password) == ("reader", SecretText("from-a-file"))
    assert place.authorities == SecretText("from-a-file")


def test_both_at_once_are_one_too_many() -> None:
    variables = {"SIDECAR_GRAFANA_TRACES_USER": "u", "SIDECAR_GRAFANA_TRACES_TOKEN": "canary"}

    with pytest.raises(Unreadable, match="SIDECAR_GRAFANA_TRACES_USER") as raised:
        Environment(variables).place("http://t", "TRACES")
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("token", ["canary\n", " canary ", "canary\r\n"])
def test_white_space_around_a_secret_is_no_part_of_it(token: str) -> None:
    variables = {"GRAFANA_TOKEN": token, "SIDECAR_GRAFANA_PROMETHEUS_TOKEN": token}

    assert Environment(variables).login() == Login(SecretText("canary"))
    place = Environment(variables).place("http://p", "PROMETHEUS")
    assert place.authorization == SecretText("Bearer canary")
    assert Environment({"GRAFANA_TOKEN": "\n"}).login() == Login()


@pytest.mark.parametrize("token", ["canary\nX: y", "canary\x00", "canary€", "canaryü"])
def test_what_no_header_can_hold_is_no_token(token: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token)
    variables = {"GRAFANA_TOKEN": token, "SIDECAR_GRAFANA_PROMETHEUS_TOKEN": token}
    environment = Environment(variables)

    for asked in (
        environment.login,
        lambda: environment.login(token_file=str(tmp_path / "token")),
        lambda: environment.place("http://p", "PROMETHEUS"),
    ):
        with pytest.raises(Unreadable, match="one line") as raised:
            asked()
        assert "canary" not in str(raised.value)


def test_a_password_needs_somebody_whose_it_is() -> None:
    variables = {"SIDECAR_GRAFANA_TRACES_PASSWORD": "canary"}

    with pytest.raises(Unreadable, match="SIDECAR_GRAFANA_TRACES_USER") as raised:
        Environment(variables).place("http://t", "TRACES")
    assert "canary" not in str(raised.value)


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")

    for name, words in (("none", "No such file"), ("empty", "is empty"), ("bytes", "no text")):
        with pytest.raises(Unreadable, match=words):
            of_file(str(tmp_path / name))


def test_files_of_grafana_name_secrets_and_hold_none() -> None:
    variables = {
        "SIDECAR_GRAFANA_PROMETHEUS_USER": "reader",
        "SIDECAR_GRAFANA_PROMETHEUS_PASSWORD": "canary",
        "SIDECAR_GRAFANA_ELASTICSEARCH_API_KEY_FILE": "/run/secrets/es",
        "SIDECAR_GRAFANA_ELASTICSEARCH_CA_FILE": "/etc/ca.pem",
    }
    named = Environment(variables, by_name=True)

    prometheus = named.place("http://p", "PROMETHEUS")
    elasticsearch = named.place("https://e", "ELASTICSEARCH")

    assert prometheus.password == SecretText("$SIDECAR_GRAFANA_PROMETHEUS_PASSWORD")
    assert elasticsearch.authorization == SecretText("ApiKey $__file{/run/secrets/es}")
    assert elasticsearch.authorities == SecretText("$__file{/etc/ca.pem}")
