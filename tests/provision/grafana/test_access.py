from __future__ import annotations

import pytest

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.access import Access

_TOKEN = Access("http://g", SecretText("glsa_canary"))
_USER = Access("http://g", user="admin", password=SecretText("canary word"))


def test_a_token_goes_before_a_user() -> None:
    assert _TOKEN.credential == "glsa_canary"
    assert _USER.credential == ("admin", "canary word")


@pytest.mark.parametrize(
    "access, said",
    [
        (_TOKEN, "Bearer glsa_canary is not known"),
        (_USER, "admin has not the password canary word"),
        (_USER, "Basic YWRtaW46Y2FuYXJ5IHdvcmQ= is not known"),
    ],
)
def test_what_others_say_is_shown_without_the_secrets_in_it(access: Access, said: str) -> None:
    shown = access.hidden(said)

    assert "********" in shown
    assert "canary" not in shown
    assert "YWRtaW46" not in shown


def test_what_prints_it_prints_no_secret() -> None:
    assert "canary" not in f"{_TOKEN!r} {_USER!r}"


def test_a_short_password_does_not_blot_out_words() -> None:
    short = Access("http://g", user="a", password=SecretText("no"))

    assert short.hidden("nothing is known") == "nothing is known"


def test_what_grafana_is_told_is_hidden_too() -> None:
    access = Access("http://g", SecretText("t"), others=(SecretText("https://hooks/canary"),))

    assert access.hidden("invalid url https://hooks/canary") == "invalid url ********"
