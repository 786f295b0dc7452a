from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from sidecar.commands.reaching import Reach
from sidecar.commands.remembered import RememberedStore
from sidecar.commands.trace_store import BadPlace, Place, ended, opened, reading
from sidecar.traces.elastic import ElasticStore
from sidecar.traces.files import FileStore
from sidecar.traces.trace import Unanswered


def test_the_place_that_is_named(tmp_path: Path) -> None:
    assert isinstance(opened(Place(files=str(tmp_path)), Reach()), FileStore)
    urls = ("https://search.example", "http://b:9201")
    store = opened(Place(elasticsearch=urls, api_key="key"), Reach())
    assert isinstance(store, ElasticStore)
    assert store._place == "https://search.example, http://b:9201"
    assert isinstance(opened(Place(), Reach(socket="/somewhere")), RememberedStore)


@pytest.mark.parametrize(
    "place, sentence",
    [
        ({"elasticsearch": ("http://a:9200",), "files": "."}, "not from both"),
        ({"files": "/nothing/here"}, "/nothing/here is no folder"),
        ({"elasticsearch": ("search:9200",)}, "'search:9200' is no URL: write one such as http"),
        ({"elasticsearch": ("http://a:x",)}, "is no URL"),
        ({"elasticsearch": ("http://u:p@a:1",)}, "write the user and the password apart"),
        ({"elasticsearch": ("http://a:9200",), "user": "u", "api_key": "k"}, "give an API key, or"),
        (
            {"elasticsearch": ("https://a:9200",), "ca": "/nothing"},
            "--ca /nothing cannot be used",
        ),
        ({"elasticsearch": ("http://a:9200",), "lookback": "x"}, "--lookback=x is no duration"),
    ],
)
def test_a_place_that_is_none(place: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadPlace) as told:
        opened(Place(**place), Reach())
    assert sentence in str(told.value)


@pytest.mark.parametrize("error, status", [(BadPlace("a"), 2), (Unanswered("a"), 1)])
def test_what_goes_wrong_ends_the_command(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as told, reading():
        raise error
    assert told.value.exit_code == status
    assert capsys.readouterr().err == "sidecar: a\n"


def test_a_sentence_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        ended("why", 1)
    assert capsys.readouterr().err == "sidecar: why\n"
