from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from ruamel.yaml import YAML

from demo_services.shop.story import scraping
from demo_services.shop.story.asking import Reply
from demo_services.shop.story.scraping import Scraper, Targets


def test_targets_are_named_as_long_as_they_run(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with Targets(folder, ["127.0.0.1:1", "127.0.0.1:2"]) as targets:
        named = msgspec.json.decode(targets.file.read_bytes())
        assert named == [{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]
        [job] = YAML(typ="safe").load(targets.configuration)["scrape_configs"]
        assert job["file_sd_configs"][0]["files"] == [str(targets.file)]
    assert targets.file.read_bytes() == b"[]"
    assert sorted(path.name for path in folder.iterdir()) == ["prometheus.yml", "sidecars.json"]


def _scraper(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes) -> Scraper:
    def ask_url(url: str, path: str) -> Reply:
        assert (url, path.partition("?")[0]) == ("http://there", "/api/v1/query")
        return Reply(status, {}, body)

    monkeypatch.setattr(scraping, "ask_url", ask_url)
    return Scraper("http://there")


def _result(*series: tuple[dict[str, str], str]) -> bytes:
    found = [{"metric": labels, "value": [1.5, value]} for labels, value in series]
    return msgspec.json.encode({"status": "success", "data": {"result": found}})


def test_answers_by_status_without_those_that_there_are_none_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = "http_response_status_code"
    body = _result(({status: "200"}, "7"), ({status: "429"}, "12"), ({status: "503"}, "0"))
    assert _scraper(monkeypatch, 200, body).statuses("127.0.0.1:1") == {200: 7, 429: 12}


def test_who_is_scraped(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _result(({"instance": "127.0.0.1:1"}, "1"), ({"instance": "127.0.0.1:2"}, "1"))
    assert _scraper(monkeypatch, 200, body).scraped() == {"127.0.0.1:1", "127.0.0.1:2"}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"status": "error"}'])
def test_what_is_no_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    with pytest.raises(OSError, match="Prometheus: status 502"):
        _scraper(monkeypatch, 502, body).scraped()
