from __future__ import annotations

import pytest

from sidecar.admin.configuration import MASKED, configuration, is_secret, masked_text
from sidecar.ruleset.check import check
from sidecar.ruleset.document import load
from tests.admin.running import RULES
from tests.ruleset.compiled import checked


def test_what_is_written_stands_as_written_and_the_rest_as_its_default() -> None:
    good = checked(RULES)
    assert good.file is not None
    shown = configuration(good.file, good.document)
    assert shown["listeners"]["inbound"]["bind"] == "127.0.0.1:8080"
    assert shown["listeners"]["inbound"]["keep_alive"] == "60s"
    assert shown["upstreams"]["app"]["pool"]["connect_timeout"] == "1s"
    assert shown["keys"]["client"]["from"] == "client.address"
    each = shown["rate_limits"][0]
    assert (each["limit"], each["algorithm"], each["mode"]) == ("5/s", "token_bucket", "enforce")
    assert each["per"] == "client"
    assert shown["rate_limits"][1]["active"] == {
        "from": "2099-01-01T00:00:00Z", "to": None, "for": None, "every": None,
    }  # fmt: skip
    assert shown["access"][0]["deny"]["client_ip"] == "192.0.2.0/24"


@pytest.mark.parametrize("word", ["token", "password", "api_key", "apikey", "client_secret"])
def test_names_of_secrets(word: str) -> None:
    assert is_secret(word)


@pytest.mark.parametrize("word", ["key", "keys", "tokens_per_second", "secretary", "per", "cost"])
def test_names_of_other_things(word: str) -> None:
    assert not is_secret(word)


def test_secrets_are_masked_in_the_text() -> None:
    text = """
stores:
  redis: {url: 'redis://joe:hunter2@r:6379', password: hunter2}
  other: {password: {env: REDIS_PASSWORD}}
admin: {token: 'long secret', x: y}
tokens: [a1, b2, longer]
"""
    shown = masked_text(load(text, "a"))
    assert "hunter2" not in shown
    assert "long secret" not in shown
    assert f"tokens: [{MASKED}, {MASKED}, {MASKED}]" in shown
    assert "{env: REDIS_PASSWORD}" in shown
    assert shown.count(MASKED) == 6
    assert len(shown.splitlines()) == len(text.splitlines())


def test_a_file_that_is_no_yaml_is_shown_as_it_is() -> None:
    broken = check("a: [", "a").document
    assert masked_text(broken) == "a: ["


def test_secrets_are_masked_in_the_configuration() -> None:
    text = RULES + "admin: {bind: 127.0.0.1:9901, token: hunter2}\n"
    good = check(text, "shop.yaml")
    assert good.file is not None
    shown = configuration(good.file, good.document)
    assert shown["admin"] == {"bind": "127.0.0.1:9901", "token": MASKED}
    assert "hunter2" not in str(shown)


def test_where_a_secret_stands_is_no_secret() -> None:
    text = RULES + "admin: {bind: 127.0.0.1:9901, token: {env: ADMIN_TOKEN}}\n"
    good = check(text, "shop.yaml")
    assert good.file is not None
    assert configuration(good.file, good.document)["admin"]["token"] == {
        "env": "ADMIN_TOKEN", "file": "",
    }  # fmt: skip
