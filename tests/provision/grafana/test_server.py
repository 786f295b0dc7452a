from __future__ import annotations

from pathlib import Path

import niquests.exceptions as n
import pytest

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.access import Access
from sidecar.provision.grafana.server import Passing, Server, Unwelcome
from sidecar.provision.step import Refused
from tests.provision.grafana.scripted import TOKEN, Answer, Scripted

_HTML = {"content-type": "text/html; charset=utf-8"}


def _saying(answer: Answer | Exception) -> Server:
    return Scripted(lambda _asked: answer).server()


def test_the_version_is_asked_for_with_the_token() -> None:
    scripted = Scripted(lambda _asked: Answer(200, {"buildInfo": {"version": "12.1.0"}}))

    assert scripted.server().version() == "12.1.0"
    [asked] = scripted.asked
    assert (asked.method, asked.target) == ("GET", "/api/frontend/settings")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("body", [{}, {"buildInfo": None}])
def test_a_grafana_that_does_not_tell_its_version(body: dict[str, None]) -> None:
    assert _saying(Answer(200, body)).version() == ""


@pytest.mark.parametrize(
    "url, asked",
    [
        ("https://proxy/grafana", "https://proxy/grafana/api/frontend/settings"),
        ("http://[::1]:3000", "http://[::1]:3000/api/frontend/settings"),
    ],
)
def test_addresses_with_paths_and_brackets(url: str, asked: str) -> None:
    scripted = Scripted(lambda _asked: Answer(200, {}))

    scripted.server(Access(url, SecretText(TOKEN))).version()

    assert [one.target for one in scripted.asked] == [asked]


def test_a_user_with_a_password() -> None:
    scripted = Scripted(lambda _asked: Answer(200, {}))

    scripted.server(Access("http://g", user="admin", password=SecretText("word"))).version()

    assert scripted.asked[0].headers["authorization"] == "Basic YWRtaW46d29yZA=="


def test_what_is_not_there_is_none() -> None:
    missing = _saying(Answer(404, {"message": "folder not found"}))

    assert missing.find(lambda api: api.folder.get_folder("x"), dict) is None
    missing.gone(lambda api: api.folder.delete_folder("x"))
    with pytest.raises(Refused, match="404 folder not found"):
        missing.tell(lambda api: api.folder.create_folder("X", "x"))


_VERSION = {"message": "changed by someone", "status": "version-mismatch"}


@pytest.mark.parametrize(
    "answer, kind, words",
    [
        (Answer(401, {"message": "Invalid API key"}), Unwelcome, "401 Invalid API key; is the"),
        (Answer(403, {"message": "Permissions needed: folders:create"}), Refused, "^403 Perm"),
        (Answer(409, {"message": "name exists"}), Refused, "^409 name exists$"),
        (Answer(412, _VERSION), Refused, "saved it at the same time"),
        (Answer(412, {"message": "same name", "status": "name-exists"}), Refused, "^412 same name"),
        (Answer(400, {"message": "bad"}), Refused, "^400 bad$"),
        (Answer(422, {}), Refused, "^422$"),
        (Answer(400, {"message": None}), Refused, "^400$"),
        (Answer(400, {"message": ["a", "b"]}), Refused, "^400 "),
        (Answer(429, {"message": "slowly"}), Passing, "^429 slowly$"),
        (Answer(500, {"message": "database is locked"}), Passing, "^500 database is locked$"),
        (Answer(502, b"<html><title>Bad Gateway</title>", _HTML), Passing, "a page, 'Bad Gateway'"),
        (Answer(403, b"<!DOCTYPE html><p>no</p>", _HTML), Refused, "^403 a page$"),
        (Answer(200, b"<html>Sign in", _HTML), Refused, "a page in place of JSON"),
        (Answer(200, b"{"), Refused, "no JSON"),
        (Answer(200, [1]), Refused, "something unexpected"),
        (Answer(302, b"", {"location": "https://sso/in?s=canary"}), Refused, "to https://sso/in:"),
        (n.ReadTimeout("x"), Passing, "no answer within 15 s"),
        (n.ConnectionError("refused"), Passing, "^refused$"),
        (n.SSLError("wrong version"), Refused, "TLS failed: wrong version$"),
        (n.SSLError("certificate verify failed: x"), Refused, "TLS failed: .*; --ca names"),
    ],
)  # fmt: skip
def test_each_no_has_its_words(answer: Answer | Exception, kind: type[Refused], words: str) -> None:
    server = _saying(answer)

    with pytest.raises(kind, match=words) as raised:
        server.find(lambda api: api.folder.get_folder("x"), dict)
    assert type(raised.value) is kind
    assert "canary" not in str(raised.value)


def test_silence_is_told_from_an_answer() -> None:
    for answer, silent in ((n.ConnectTimeout("x"), True), (Answer(503, {}), False)):
        with pytest.raises(Passing) as raised:
            _saying(answer).version()
        assert raised.value.silent is silent


def test_a_page_is_no_answer_to_a_write_either() -> None:
    page = _saying(Answer(200, b"<html>Sign in", _HTML))

    with pytest.raises(Refused, match="a page in place of JSON"):
        page.tell(lambda api: api.folder.create_folder("X", "x"))


def test_an_echoed_token_is_hidden_and_long_answers_are_cut() -> None:
    with pytest.raises(Refused) as raised:
        _saying(Answer(400, {"message": f"what is {TOKEN}? " + "x" * 1000})).version()

    assert TOKEN not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_authorities_have_to_be_readable(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none\\.pem"):
        Server(Access("https://g", SecretText(TOKEN), ca=str(tmp_path / "none.pem")))


def test_connections_are_let_go() -> None:
    _saying(Answer(200, {})).close()
