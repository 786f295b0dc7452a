from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.commands.invoking import invoked
from tests.traces.documents import SHOP, TRACE, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "120")
    write(tmp_path, SHOP)
    return str(tmp_path)


def listed(folder: str, *arguments: str) -> tuple[int, str]:
    # The documents are of a day that is always the same.
    return invoked("traces", "list", "--files", folder, "--since", "30000d", *arguments)


def test_the_last_traces(folder: str) -> None:
    status, output = listed(folder)
    assert status == 0
    [line] = output.splitlines()
    assert "503  152ms web POST checkout" in line
    assert line.endswith(TRACE)


def test_what_is_asked_for(folder: str) -> None:
    assert TRACE in listed(folder, "--of", "inventory", "--operation", "GET stock")[1]
    assert TRACE in listed(folder, "--tag", "error.type=connect_failure")[1]
    assert listed(folder, "--longer", "1s") == (0, "sidecar: there is none\n")
    assert invoked("traces", "list", "--files", folder, "--of", "nobody")[0] == 0
    [one] = json.loads(listed(folder, "--json")[1])
    assert (one["id"], one["spans"]) == (TRACE, 8)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--tag", "error"), "--tag error: write NAME=VALUE"),
        (("--longer", "long"), "--longer=long is no duration"),
    ],
)
def test_what_cannot_be_asked(arguments: tuple[str, ...], words: str, folder: str) -> None:
    status, output = listed(folder, *arguments)
    assert status == 2
    assert words in output


def test_an_address_that_is_none(folder: str) -> None:
    for bind in ("127.0.0.1", "127.0.0.1:x", ":80", "a:99999"):
        status, output = invoked("traces", "serve", "--files", folder, "--bind", bind)
        assert status == 2
        assert f"--bind {bind} is no address: write one such as 127.0.0.1:16686" in output


def test_an_address_that_is_taken(folder: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        status, output = invoked("traces", "serve", "--files", folder, "--bind", bind)
    assert status == 1
    assert output.startswith(f"sidecar: cannot listen on {bind}: ")
